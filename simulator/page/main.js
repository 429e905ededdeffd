// The page: who is shown, live updates, language.

import { el, button } from "./dom.js";
import { PhoneView } from "./phone.js";
import { drawClock, drawOffice } from "./office.js";
import { openScan } from "./scan.js";
import { begin, current, local, say, toggle } from "./words.js";
import { setZone } from "./time.js";

const byId = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 899px)");
const views = new Map();
let state;
let shown = new Set();

async function load() {
  const answer = await fetch("/sim/state");
  state = await answer.json();
  begin(state.language);
  setZone(state.office.zone);
  const context = { bot: state.bot, scan: (phone) => openScan(byId("scan"), phone) };
  views.clear();
  for (const person of state.cast) views.set(person.user_id, new PhoneView(person, context));
  byId("phones").replaceChildren(...[...views.values()].map((view) => view.root));
  if (!shown.size) choose();
  drawAll();
}

function choose() {
  const seats = narrow.matches ? 1 : Math.max(1, Math.floor((innerWidth - 350) / 308));
  // One of each part first, so that all three can be played at once.
  const parts = new Set();
  const first = state.cast.filter(({ role }) => !parts.has(role) && parts.add(role));
  const others = state.cast.filter((person) => !first.includes(person));
  shown = new Set([...first, ...others].slice(0, seats).map((person) => person.user_id));
}

function drawAll() {
  document.documentElement.lang = current();
  document.title = local(state.title);
  byId("title").textContent = local(state.title);
  byId("subtitle").textContent = say("subtitle");
  byId("language").textContent = say("otherLanguage");
  byId("language").lang = current() === "id" ? "en" : "id";
  drawCast();
  onOffice(state.office);
}

function drawCast() {
  const nav = byId("cast");
  nav.setAttribute("aria-label", say("people"));
  const focused = nav.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const chips = [...views].map(([id, view]) => {
    const badge = view.unread && !shown.has(id)
      ? el("span", { class: "badge", "aria-label": say("newMessages", { n: view.unread }) }, String(view.unread))
      : null;
    return chip(id, [el("span", { class: `dot ${view.person.role}` }), view.name, badge]);
  });
  chips.push(chip("office", [say("office")]));
  nav.replaceChildren(...chips);
  if (focused) nav.querySelector(`[data-key="${focused}"]`)?.focus();
  for (const [id, view] of views) {
    view.root.hidden = !shown.has(id);
    if (shown.has(id)) view.unread = 0;
  }
  byId("office").classList.toggle("chosen", shown.has("office"));
}

function chip(key, content) {
  return button(content, () => {
    if (narrow.matches) shown = new Set([key]);
    else if (!shown.delete(key)) shown.add(key);
    drawCast();
    const view = views.get(key);
    view?.scrollDown();
    // With many phones the row of them scrolls: whose phone was chosen is not left outside.
    if (view && !view.root.hidden) view.root.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, { class: key === "office" ? "chip for-narrow" : "chip", "aria-pressed": String(shown.has(key)), "data-key": key });
}

function onOffice(office) {
  state.office = office;
  drawClock(byId("clock"), office, onOffice);
  drawOffice(byId("office"), office);
}

function listen() {
  const events = new EventSource("/sim/events");
  // What is told while the whole is being read is kept and applied afterwards.
  let early = null;
  const on = (name, act) => events.addEventListener(name, (event) => {
    const tell = () => act(JSON.parse(event.data));
    if (early) early.push(tell);
    else tell();
  });
  events.onerror = () => {
    byId("offline").textContent = say("offline");
  };
  events.addEventListener("hello", async () => {
    early = [];
    await load();
    byId("offline").textContent = "";
    const kept = early;
    early = null;
    for (const tell of kept) tell();
  });
  on("message", ({ user_id, message }) => {
    views.get(user_id)?.onMessage(message);
    drawCast();
  });
  on("toast", (toast) => views.get(toast.user_id)?.onToast(toast));
  on("answered", ({ user_id }) => views.get(user_id)?.onAnswered());
  on("phone", (person) => views.get(person.user_id)?.onPhone(person));
  on("office", onOffice);
}

byId("language").addEventListener("click", () => {
  toggle();
  document.documentElement.lang = current();
  for (const view of views.values()) view.build();
  drawAll();
});
narrow.addEventListener("change", () => {
  choose();
  drawCast();
});
for (const dialog of document.querySelectorAll("dialog.sheet")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

listen();
