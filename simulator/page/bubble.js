// One message as a bubble with its buttons.

import { el, button, icon } from "./dom.js";
import { rich } from "./entities.js";
import { say, sayIn } from "./words.js";
import { hourMinute } from "./time.js";

export function bubble(message, phone) {
  const side = message.from_bot ? "from-bot" : "from-person";
  const sender = message.from_bot ? say("sentByBot") : say("sentByMe", { name: phone.name });
  const body = el("div", { class: "bubble" }, el("span", { class: "unseen" }, sender, " "));
  if (message.photo) body.append(picture(message.photo));
  if (message.document) body.append(file(message.document));
  if (message.attached) {
    body.append(el("div", { class: "attached" }, icon("clip"), sayIn("attachments", message.attached)));
  }
  if (message.text) {
    body.append(el("div", { class: "text" }, rich(message.text, message.entities, phone.onCommand)));
  }
  const edited = message.edited > 0 ? `${say("edited")} ` : "";
  body.append(el("span", { class: "time" }, edited, el("time", { datetime: message.date }, hourMinute(message.date))));
  return el("div", { class: `message ${side}`, "data-id": message.id }, body, keyboard(message, phone));
}

function keyboard(message, phone) {
  if (!message.rows.length) return null;
  const rows = message.rows.map((row) =>
    el("div", { class: "row" }, row.map((one) => (one.data === undefined ? address(one) : key(one, message, phone)))),
  );
  return el("div", { class: "keyboard" }, rows);
}

function key(one, message, phone) {
  const node = button(el("span", {}, one.label), () => {
    node.classList.add("busy");
    phone.onTap(message.id, one.data);
  }, { class: "key" });
  return node;
}

function address(one) {
  if (!/^https?:/i.test(one.url)) return el("span", { class: "key" }, one.label);
  const attributes = { class: "key", href: one.url, target: "_blank", rel: "noopener noreferrer" };
  return el("a", attributes, el("span", {}, one.label), icon("link"));
}

function picture(photo) {
  const image = el("img", {
    src: `/sim/files/${photo.id}`,
    alt: say("picture"),
    width: photo.width,
    height: photo.height,
  });
  return el("a", { class: "picture", href: `/sim/files/${photo.id}`, target: "_blank", rel: "noopener" }, image);
}

function file(document) {
  const attributes = {
    class: "file",
    href: `/sim/files/${document.id}`,
    target: "_blank",
    rel: "noopener",
    "aria-label": say("download", { name: document.name }),
  };
  return el("a", attributes,
    el("span", { class: "disc" }, icon("file")),
    el("span", { class: "named" }, el("strong", {}, document.name), el("small", {}, size(document.size))));
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
