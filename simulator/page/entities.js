// Telegram's entities become elements. Offsets are UTF-16 units, as in JavaScript strings.

import { el, button } from "./dom.js";
import { say } from "./words.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const SAFE = /^(https?|mailto|tel|tg):/i;

export function rich(text, entities, onCommand) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return range(text, 0, text.length, sorted, onCommand);
}

function range(text, from, to, entities, onCommand) {
  const out = [];
  let at = from;
  let rest = entities;
  while (rest.length) {
    const [entity, ...others] = rest;
    const end = entity.offset + entity.length;
    const inner = others.filter((one) => one.offset < end);
    rest = others.filter((one) => one.offset >= end);
    if (entity.offset > at) out.push(text.slice(at, entity.offset));
    const words = text.slice(entity.offset, end);
    out.push(wrap(entity, words, range(text, entity.offset, end, inner, onCommand), onCommand));
    at = end;
    // A quotation is a block of its own: the line break after it is already there.
    if (BLOCKS.has(entity.type) && text[at] === "\n") at += 1;
  }
  if (at < to) out.push(text.slice(at, to));
  return out;
}

function wrap(entity, words, children, onCommand) {
  switch (entity.type) {
    case "text_link":
      return link(entity.url, children);
    case "url":
      return link(SAFE.test(words) ? words : `https://${words}`, children);
    case "email":
      return link(`mailto:${words}`, children);
    case "phone_number":
      return link(`tel:${words}`, children);
    case "bot_command":
      return button(children, () => onCommand(words), { class: "command" });
    case "spoiler":
      return spoiler(children);
    case "blockquote":
      return el("blockquote", {}, children);
    case "expandable_blockquote":
      return expandable(words, children);
    default:
      return TAGS[entity.type] ? el(TAGS[entity.type], {}, children) : el("span", {}, children);
  }
}

function link(address, children) {
  if (!SAFE.test(address)) return el("span", {}, children);
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, children);
}

function spoiler(children) {
  const node = button(children, () => {
    node.replaceWith(el("span", {}, children));
  }, { class: "spoiler", "aria-label": say("reveal") });
  return node;
}

function expandable(words, children) {
  const quote = el("blockquote", {}, el("div", { class: "quoted" }, children));
  if (words.length < 160 && words.split("\n").length < 4) return quote;
  quote.classList.add("folded");
  const more = button(say("readMore"), () => {
    const folded = quote.classList.toggle("folded");
    more.textContent = say(folded ? "readMore" : "readLess");
    more.setAttribute("aria-expanded", String(!folded));
  }, { class: "fold", "aria-expanded": "false" });
  quote.append(more);
  return quote;
}
