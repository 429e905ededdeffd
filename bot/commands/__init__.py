"""The commands of `tanggap`, one file each."""
