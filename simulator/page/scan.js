// "Scan this QR": a sheet with the codes that hang in the offices, and invitations.

import { el, button, icon } from "./dom.js";
import { say, sayIn } from "./words.js";

export async function openScan(sheet, phone) {
  const answer = await fetch("/sim/scannables");
  const found = answer.ok ? await answer.json() : [];
  const title = `scan-title-${phone.person.user_id}`;
  sheet.setAttribute("aria-labelledby", title);
  const shelf = (kind, label) => {
    const some = found.filter((one) => one.kind === kind);
    if (!some.length) return null;
    return [el("h3", {}, label), el("ul", { class: "codes" }, some.map((one) => code(one, sheet, phone)))];
  };
  sheet.replaceChildren(
    el("header", {},
      el("h2", { id: title }, say("scanTitle", { name: phone.name })),
      button(icon("close"), () => sheet.close(), { class: "round", "aria-label": say("close") })),
    el("p", {}, found.length ? say("scanHint", { name: phone.name }) : say("nothingToScan")),
    ...[shelf("point", say("points")), shelf("invite", say("invites"))].flat().filter(Boolean));
  sheet.showModal();
  (sheet.querySelector(".codes button") ?? sheet.querySelector("button")).focus();
}

function code(one, sheet, phone) {
  const label = one.kind === "invite" ? sayIn("invitations", one.label) : one.label;
  const image = el("img", {
    src: `/sim/qr/${encodeURIComponent(one.payload)}`,
    alt: say("qrOf", { label }),
    width: 132,
    height: 132,
  });
  const scan = () => {
    sheet.close();
    phone.act("start", { payload: one.payload });
  };
  return el("li", {}, button([image, el("strong", {}, label), el("span", {}, one.sublabel)], scan));
}
