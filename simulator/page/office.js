// The clock that moves forward, and what the office sees.

import { el, button, post } from "./dom.js";
import { local, say, sayIn } from "./words.js";
import { fullDay, hourMinute, setZone, shortDay } from "./time.js";

export function drawClock(root, office, onOffice) {
  setZone(office.zone);
  const now = `${hourMinute(office.now)} ${office.zone}`;
  const shown = root.querySelector(".now");
  // Only the time changes most of the while: the buttons keep their focus.
  if (shown && root.lang === document.documentElement.lang) {
    shown.textContent = now;
    root.querySelector(".date").replaceChildren(...date(office));
    root.querySelector(".next").disabled = !office.due.length;
    return;
  }
  root.lang = document.documentElement.lang;
  const move = (wish) => async (event) => {
    const moves = event.currentTarget.parentElement;
    // Days take a while: a second press in the meantime would go further than wished.
    if (moves.getAttribute("aria-busy") === "true") return;
    moves.setAttribute("aria-busy", "true");
    try {
      onOffice(await post("/sim/advance", wish));
    } catch {
      // Nothing was due any more: the next look at the office shows it.
    }
    moves.removeAttribute("aria-busy");
  };
  root.setAttribute("aria-label", say("clockNow"));
  root.replaceChildren(
    el("div", { class: "reading" },
      el("strong", { class: "now" }, now), el("span", { class: "date" }, date(office))),
    el("div", { class: "moves" },
      button(say("plusHour"), move({ seconds: 3600 })),
      button(say("plusDay"), move({ seconds: 86400 })),
      button(say("toNext"), move({ to: "next" }), { class: "next", disabled: !office.due.length })));
}

const date = ({ now }) => [
  el("span", { class: "long" }, fullDay(now)), el("span", { class: "short" }, shortDay(now)),
];

export function drawOffice(root, office) {
  const key = JSON.stringify([document.documentElement.lang, { ...office, now: "" }]);
  if (root.dataset.key === key) return;
  root.dataset.key = key;
  root.setAttribute("aria-label", say("seenByOffice"));
  root.replaceChildren(
    el("h2", {}, say("seenByOffice")),
    el("div", { class: "figures" },
      figure(office.responses, say("responses")), figure(office.quick, say("quick"))),
    el("h3", {}, say("soFar")), units(office.units),
    el("h3", {}, say("due")), due(office),
    el("h3", {}, say("outbox")), states(office.outbox),
    el("h3", {}, say("inbox")), states(office.inbox));
}

const figure = (n, label) =>
  el("div", { class: "figure" }, el("strong", {}, String(n)), el("span", {}, label));

const nothing = (words) => el("p", { class: "nothing" }, words);

function units(rows) {
  if (!rows.length) return nothing(say("noUnits"));
  return el("ul", { class: "units" }, rows.map((row) => {
    const index = row.ikm === null ? "–" : decimal(row.ikm);
    const bar = el("meter", { min: 25, max: 100, value: row.ikm ?? 25, "aria-label": say("soFar") });
    return el("li", {},
      el("span", { class: "name" }, row.name),
      el("span", { class: "index" }, index, row.grade ? el("b", { class: `grade ${row.grade}` }, row.grade) : null),
      bar, el("small", {}, say("answers", { n: row.n })));
  }));
}

const decimal = (text) => (document.documentElement.lang === "id" ? text.replace(".", ",") : text);

function due(office) {
  if (!office.due.length) return nothing(say("nothingDue"));
  return el("ol", { class: "due" }, office.due.slice(0, 5).map((one) =>
    el("li", {},
      el("time", { datetime: one.at }, `${shortDay(one.at)} ${hourMinute(one.at)}`),
      el("span", {}, local(one.what), el("small", {}, one.who)))));
}

function states(counts) {
  const rows = Object.entries(counts).filter(([, n]) => n > 0);
  if (!rows.length) return nothing(say("nothingYet"));
  return el("ul", { class: "states" }, rows.map(([state, n]) =>
    el("li", { class: state }, el("span", {}, sayIn("states", state)), el("b", {}, String(n)))));
}
