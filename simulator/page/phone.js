// One person's phone: chat, composer, menus, notes.

import { el, button, icon, post } from "./dom.js";
import { bubble } from "./bubble.js";
import { local, say, sayIn } from "./words.js";
import { day } from "./time.js";

export class PhoneView {
  constructor(person, context) {
    this.person = person;
    this.name = person.name;
    this.context = context;
    this.unread = 0;
    this.draft = "";
    this.messages = new Map(person.messages.map((one) => [one.id, one]));
    this.onCommand = (words) => this.act("send", { text: words });
    this.onTap = (message_id, data) => this.act("tap", { message_id, data });
    this.notes = el("div", { class: "notes", role: "status" });
    this.alert = el("dialog", { class: "alert", role: "alertdialog" });
    this.root = el("section", { class: "seat", id: `seat-${person.user_id}` });
    this.build();
  }

  get role() {
    return sayIn("roles", this.person.role);
  }

  async act(action, body = {}) {
    try {
      await post(`/sim/phones/${this.person.user_id}/${action}`, body);
    } catch {
      this.note(say("failed"));
    }
  }

  // Built again when the language changes; what was typed stays.
  build() {
    const { person } = this;
    this.root.setAttribute("aria-label", say("phoneOf", { name: person.name, role: this.role }));
    this.log = el("div", {
      class: "log",
      role: "log",
      "aria-live": "polite",
      "aria-label": say("chatLog", { name: person.name }),
      tabindex: "0",
    });
    this.atEnd = true;
    this.log.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.log;
      if (clientHeight) this.atEnd = scrollHeight - scrollTop - clientHeight < 160;
    });
    // Shown, turned or resized: whoever was at the newest message stays there.
    this.sizes?.disconnect();
    this.sizes = new ResizeObserver(() => {
      if (this.atEnd) this.scrollDown();
    });
    this.sizes.observe(this.log);
    this.presence = el("small", {});
    this.foot = el("div", { class: "foot" });
    this.screen = el("div", { class: "screen" }, this.bar(), this.log, this.notes, this.foot, this.alert);
    const intro = local(person.intro);
    this.root.replaceChildren(
      el("header", { class: "who" },
        el("h2", {}, person.name, el("span", { class: `role ${person.role}` }, this.role)),
        intro ? el("p", {}, el("b", {}, `${say("tryFirst")}: `), intro) : null),
      el("div", { class: "phone" }, this.screen),
    );
    this.drawFoot();
    this.drawLog();
    this.drawPresence();
  }

  bar() {
    const { context } = this;
    const menu = el("div", { class: "popup", hidden: true },
      button(this.person.blocked ? say("unblock") : say("block"), () => {
        this.toggle(menu, false);
        this.act(this.person.blocked ? "unblock" : "block");
      }));
    this.more = button(icon("more"), () => this.toggle(menu), {
      class: "round", "aria-label": say("more"), "aria-expanded": "false",
    });
    menu.opener = this.more;
    this.moreMenu = menu;
    return el("div", { class: "bar" },
      el("span", { class: "avatar", "aria-hidden": "true" }, context.bot.slice(0, 1)),
      el("div", { class: "partner" }, el("strong", {}, context.bot), this.presence),
      button([icon("scan"), el("span", {}, say("scan"))], () => context.scan(this), { class: "scan" }),
      this.more, menu);
  }

  toggle(popup, open = popup.hidden) {
    popup.hidden = !open;
    popup.opener?.setAttribute("aria-expanded", String(open));
    if (open) {
      popup.querySelector("button")?.focus();
      popup.onkeydown = (event) => {
        if (event.key === "Escape") this.toggle(popup, false);
      };
    } else if (popup.contains(document.activeElement)) popup.opener?.focus();
  }

  drawPresence() {
    const { blocked, typing } = this.person;
    this.presence.textContent = blocked ? say("blockedNote") : typing ? say("typing") : say("bot");
    this.moreMenu.firstChild.textContent = blocked ? say("unblock") : say("block");
  }

  drawLog() {
    this.log.replaceChildren();
    for (const message of this.messages.values()) this.place(message);
    if (!this.log.children.length) this.log.append(this.welcome());
    this.scrollDown();
  }

  welcome() {
    const { description } = this.person;
    return el("div", { class: "welcome" },
      el("span", { class: "avatar large", "aria-hidden": "true" }, this.context.bot.slice(0, 1)),
      description ? el("strong", {}, say("whatCan")) : null,
      el("p", {}, description || say("empty")));
  }

  place(message) {
    const old = this.log.querySelector(`[data-id="${message.id}"]`);
    if (message.deleted) {
      old?.remove();
      return;
    }
    const node = bubble(message, this);
    if (old) {
      const focused = old.contains(document.activeElement);
      old.replaceWith(node);
      if (focused) {
        // Without buttons the message itself keeps the place: those of the next question follow.
        node.tabIndex = -1;
        (node.querySelector(".keyboard button, .keyboard a") ?? node).focus();
      }
      return;
    }
    this.log.querySelector(".welcome")?.remove();
    const label = day(message.date);
    if (this.lastDay !== label || !this.log.querySelector(".day")) {
      this.log.append(el("div", { class: "day" }, el("span", {}, label)));
    }
    this.lastDay = label;
    this.log.append(node);
  }

  scrollDown() {
    this.atEnd = true;
    this.log.scrollTop = this.log.scrollHeight;
  }

  // ---- what the simulator tells

  onMessage(message) {
    const known = this.messages.get(message.id);
    const near = this.atEnd;
    this.messages.set(message.id, message);
    this.place(message);
    if (!known) {
      if (message.from_bot) this.unread += 1;
      if (message.reply_rows !== undefined) this.drawFoot();
    }
    if (!known || near) this.scrollDown();
  }

  onPhone(person) {
    const before = [this.person.started, this.person.blocked, JSON.stringify(this.person.commands)];
    Object.assign(this.person, person);
    const after = [person.started, person.blocked, JSON.stringify(person.commands)];
    if (before.join() !== after.join()) this.drawFoot();
    if (this.log.querySelector(".welcome")) this.drawLog();
    this.drawPresence();
  }

  onAnswered() {
    for (const key of this.log.querySelectorAll(".busy")) key.classList.remove("busy");
  }

  onToast({ text, alert }) {
    if (!text) return;
    if (!alert) {
      this.note(text);
      return;
    }
    const id = `alert-${this.person.user_id}`;
    this.alert.setAttribute("aria-labelledby", id);
    this.alert.replaceChildren(el("p", { id }, text), button(say("ok"), () => this.alert.close(), { class: "primary" }));
    if (!this.alert.open) this.alert.show();
    this.alert.onkeydown = (event) => {
      if (event.key === "Escape") this.alert.close();
    };
    this.alert.querySelector("button").focus();
  }

  note(text) {
    const note = el("div", { class: "note" }, text);
    this.notes.append(note);
    setTimeout(() => note.remove(), 4000);
  }

  // ---- the lower edge

  drawFoot() {
    const { person } = this;
    const had = this.foot.contains(document.activeElement);
    if (person.blocked) {
      this.foot.replaceChildren(button(say("unblock"), () => this.act("unblock"), { class: "wide" }));
    } else if (!person.started) {
      this.foot.replaceChildren(button(say("start"), () => this.act("start"), { class: "wide" }));
    } else {
      this.foot.replaceChildren(...[this.replyKeyboard(), this.commandMenu(), this.attachMenu(), this.composer()].filter(Boolean));
    }
    if (had) (this.input?.isConnected ? this.input : this.foot.querySelector("button")).focus();
  }

  replyKeyboard() {
    const rows = [...this.messages.values()].map((one) => one.reply_rows).filter(Boolean).pop();
    if (!rows?.length) return null;
    return el("div", { class: "keyboard reply" },
      rows.map((row) => el("div", { class: "row" },
        row.map((one) => button(one.label, () => this.answer(one), { class: "key" })))));
  }

  answer({ label, contact }) {
    if (contact) this.act("attach", { what: "contact" });
    else this.act("send", { text: label });
  }

  commandMenu() {
    const items = this.person.commands.map((one) =>
      button([el("b", {}, `/${one.command}`), el("span", {}, one.description)], () => {
        this.toggle(this.commands, false);
        this.input.focus();
        this.act("send", { text: `/${one.command}` });
      }));
    this.commands = el("div", { class: "popup up commands", hidden: true },
      items.length ? items : el("p", {}, say("noCommands")));
    return this.commands;
  }

  attachMenu() {
    const kinds = ["photo", "sticker", "voice", "contact", "location"];
    this.attachments = el("div", { class: "popup up right", hidden: true },
      kinds.map((what) => button(sayIn("attachments", what), () => {
        this.toggle(this.attachments, false);
        this.act("attach", { what });
      })));
    return this.attachments;
  }

  composer() {
    this.input = el("input", {
      type: "text", autocomplete: "off", maxlength: "4096",
      placeholder: say("write"), "aria-label": say("write"),
    });
    this.input.value = this.draft;
    this.input.addEventListener("input", () => { this.draft = this.input.value; });
    const menu = button(icon("menu"), () => this.toggle(this.commands), {
      class: "round slash", "aria-label": say("menu"), "aria-expanded": "false",
    });
    const clip = button(icon("clip"), () => this.toggle(this.attachments), {
      class: "round", "aria-label": say("attach"), "aria-expanded": "false",
    });
    this.commands.opener = menu;
    this.attachments.opener = clip;
    const send = (event) => {
      event.preventDefault();
      const text = this.input.value.trim();
      if (!text) return;
      this.input.value = this.draft = "";
      this.act("send", { text });
    };
    return el("form", { class: "composer", onsubmit: send },
      menu, this.input, clip,
      el("button", { type: "submit", class: "round send", "aria-label": say("send") }, icon("send")));
  }
}
