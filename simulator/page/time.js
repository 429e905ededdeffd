// Times as the office reads them: its own zone, 24 hours, "08.00" (in English "08:00").

import { current } from "./words.js";

const ZONES = { WIB: "Asia/Jakarta", WITA: "Asia/Makassar", WIT: "Asia/Jayapura" };
let zone = "Asia/Jakarta";

export function setZone(name) {
  zone = ZONES[name] ?? zone;
}

const locale = () => (current() === "id" ? "id-ID" : "en-GB");

function parts(iso, options) {
  return new Intl.DateTimeFormat(locale(), { timeZone: zone, ...options }).format(new Date(iso));
}

export function hourMinute(iso) {
  return parts(iso, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

export const day = (iso) => parts(iso, { day: "numeric", month: "long" });

export const fullDay = (iso) =>
  parts(iso, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export const shortDay = (iso) => parts(iso, { weekday: "short", day: "numeric", month: "short" });
