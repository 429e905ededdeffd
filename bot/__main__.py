"""`python -m bot` is `tanggap`."""

from bot.cli import main

if __name__ == "__main__":
    main()
