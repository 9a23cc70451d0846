// The conversation: what was written, the calls it led to, and everything that happens live.

import { get, post } from "./api.js";
import { CallCard } from "./call-card.js";
import { QuestionForm } from "./question-form.js";

const STORED = "ringback-task";
const AGAIN_MS = 1000;

class RingbackChat extends HTMLElement {
  #taskId = "";
  #state = "collecting";
  #lastEvent = 0;
  #stream = null;
  #timer = 0;
  #isAboutStream = false; // what the notice says; an opened stream takes back only that
  #messages = new Map(); // message_id -> its entry
  #ahead = 0; // ms that the server's clock is ahead of ours
  #questions = new Map(); // question_id of the running call -> its form
  #cards = new Map(); // call_id -> card
  #early = new Map(); // call_id -> lines that came before their card

  connectedCallback() {
    this.log = this.querySelector(".log");
    this.notice = this.querySelector(".notice");
    this.input = this.querySelector("textarea");
    this.querySelector("form").addEventListener("submit", (submit) => this.#submit(submit));
    this.input.addEventListener("keydown", (key) => {
      if (key.key === "Enter" && !key.shiftKey && !key.isComposing) this.#submit(key);
    });
    this.#on("new", () => location.assign("/?new"));
    this.#on("confirm", () => this.#confirm());
    this.#on("change", () => this.#change());
    this.addEventListener("hang-up", ({ detail }) => this.#hangUp(detail.callId));
    this.addEventListener("call-again", () => this.#confirm());
    this.addEventListener("answer", ({ detail }) => this.#answer(detail));
    this.#restore();
  }

  disconnectedCallback() {
    this.#stream?.close();
    clearTimeout(this.#timer);
  }

  #on(action, listener) {
    const button = this.querySelector(`[data-action=${action}]`);
    button.addEventListener("click", listener);
  }

  /** Open the conversation of the address, else the last one, else wait for the first message. */
  async #restore() {
    const inPath = location.pathname.match(/^\/tasks\/([^/]+)$/)?.[1];
    if (location.search === "?new") {
      localStorage.removeItem(STORED);
      history.replaceState(null, "", "/");
    }
    const taskId = inPath ?? localStorage.getItem(STORED);
    this.input.focus();
    if (!taskId) return;
    try {
      this.#open(await get(`/api/tasks/${encodeURIComponent(taskId)}`));
    } catch (error) {
      if (error.status !== 404) return this.#retry(() => this.#restore(), error);
      localStorage.removeItem(STORED);
      if (inPath) this.#tell("This conversation does not exist any more.");
    }
  }

  /** Take a conversation as ours and follow it. */
  #open(task) {
    this.#taskId = task.task_id;
    localStorage.setItem(STORED, task.task_id);
    history.replaceState(null, "", `/tasks/${task.task_id}${location.hash}`);
    this.#show(task);
    this.#lastEvent = Math.max(this.#lastEvent, task.last_event);
    this.#follow();
  }

  #show(task) {
    this.querySelector("[data-greeting]")?.remove();
    if (task.messages.length > 1) this.input.placeholder = "Your message";
    for (const message of task.messages) this.#showMessage(message);
    for (const call of task.calls) this.#showCall(call.view);
    this.#ahead = task.now / 1000 - Date.now();
    if (task.question) this.#showQuestion(task.question);
    this.#showState(task.state);
    if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }

  #showState(state) {
    this.#state = state;
    this.querySelector(".confirm").hidden = state !== "confirming";
  }

  #showMessage({ message_id: id, role, text, created_at: time }) {
    if (this.#messages.has(id)) return;
    const item = document.getElementById("message").content.cloneNode(true).firstElementChild;
    item.classList.add(role === "person" ? "person" : "assistant");
    item.querySelector(".who").textContent = role === "person" ? "You" : "Ringback";
    item.querySelector("p").textContent = text;
    this.#messages.set(id, item);
    this.#insert(item, time, 0, id);
  }

  /** Put the reply box of a question under the message that asks it, or take it away. */
  #showQuestion(question) {
    const id = `${question.call_id} ${question.question_id}`;
    const atEnd = this.#isAtEnd();
    let form = this.#questions.get(id);
    if (question.state !== "open") {
      this.#questions.delete(id);
      form?.close();
    } else if (!form && this.#messages.has(question.message_id)) {
      form = QuestionForm.of(question, () => Date.now() + this.#ahead);
      this.#questions.set(id, form);
      this.#messages.get(question.message_id).append(form);
      if (this.#isIdle()) form.focus();
    }
    if (atEnd) this.#scrollDown();
  }

  #showCall(view) {
    if (!view) return;
    let card = this.#cards.get(view.call_id);
    if (!card) {
      const entry = CallCard.entry();
      this.#insert(entry, view.created_at, 1, view.attempt);
      card = entry.querySelector("call-card");
      for (const older of this.#cards.values()) older.isNewest(false);
      this.#cards.set(view.call_id, card);
    }
    const atEnd = this.#isAtEnd();
    card.show(view, card === [...this.#cards.values()].at(-1));
    for (const turn of this.#early.get(view.call_id) ?? []) card.showTurn(turn);
    this.#early.delete(view.call_id);
    if (view.is_over) this.#closeQuestions(view.call_id);
    if (atEnd) this.#scrollDown();
  }

  #showTurn(callId, turn) {
    const card = this.#cards.get(callId);
    if (!card) {
      this.#early.set(callId, [...(this.#early.get(callId) ?? []), turn]);
      return;
    }
    const atEnd = this.#isAtEnd();
    card.showTurn(turn);
    if (atEnd) this.#scrollDown();
  }

  /** Put an entry at its place in time; at the same time messages stand before cards. */
  #insert(item, time, rank, number) {
    const atEnd = this.#isAtEnd();
    const key = [time, rank, number];
    item.sortKey = key;
    const isLater = (other) => {
      const at = key.findIndex((part, place) => part !== other.sortKey?.[place]);
      return at >= 0 && other.sortKey !== undefined && other.sortKey[at] > key[at];
    };
    this.log.insertBefore(item, [...this.log.children].find(isLater) ?? null);
    if (atEnd) this.#scrollDown();
  }

  #closeQuestions(callId) {
    for (const [id, form] of this.#questions) {
      if (id.startsWith(`${callId} `)) form.close();
    }
  }

  /** Say whether the person is writing nothing and on no button: the focus may move. */
  #isIdle() {
    const focused = document.activeElement;
    return focused === document.body || (focused === this.input && !this.input.value);
  }

  #isAtEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
  }

  #scrollDown() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  /** Follow the events after the last one seen; the browser itself resumes a broken stream. */
  #follow() {
    this.#stream?.close();
    const path = `/api/tasks/${this.#taskId}/events?after=${this.#lastEvent}`;
    const stream = new EventSource(path);
    this.#stream = stream;
    const on = (kind, show) =>
      stream.addEventListener(kind, (event) => {
        this.#lastEvent = Number(event.lastEventId);
        show(JSON.parse(event.data));
      });
    on("message", (data) => this.#showMessage(data));
    on("question", (data) => this.#showQuestion(data));
    on("task", (data) => this.#showState(data.state));
    on("turn", (data) => this.#showTurn(data.call_id, data.view));
    on("call", (data) => this.#showProgress(data));
    on("result", (data) => this.#showProgress(data));
    // What was shown is not in the database any more: show what is.
    stream.addEventListener("reset", () => location.reload());
    stream.addEventListener("open", () => {
      if (this.#isAboutStream) this.#tell("");
    });
    stream.addEventListener("error", () => {
      this.#tell("The connection was lost. Trying again ...", true);
      if (stream.readyState === EventSource.CLOSED) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#follow(), AGAIN_MS);
      }
    });
  }

  #showProgress({ view }) {
    this.#showCall(view);
    if (view) this.#showState(view.is_over ? "done" : "calling");
  }

  async #submit(submit) {
    submit.preventDefault();
    const text = this.input.value.trim();
    if (!text || this.input.disabled) return;
    await this.#while(this.input, async () => {
      if (!this.#taskId) this.#open(await post("/api/tasks"));
      const task = await post(`/api/tasks/${this.#taskId}/messages`, { text });
      this.input.value = "";
      this.#show(task);
      this.#scrollDown();
    });
    this.input.focus();
  }

  async #answer({ form, text, questionId }) {
    form.disabled = true;
    await this.#while(null, async () => {
      const body = { text, question_id: questionId };
      this.#show(await post(`/api/tasks/${this.#taskId}/messages`, body));
    });
    if (form.isConnected) form.disabled = false;
  }

  async #confirm() {
    const button = this.querySelector("[data-action=confirm]");
    const key = `page-${this.#taskId}-${this.#cards.size + 1}`;
    await this.#while(button, async () => {
      const call = await post(`/api/tasks/${this.#taskId}/confirm`, {}, key);
      this.#showState("calling");
      const { view } = await get(`/api/calls/${call.call_id}`);
      if (!this.#cards.has(call.call_id)) this.#showCall(view);
      this.#scrollDown();
    });
  }

  #change() {
    this.#tell("");
    this.input.placeholder = "What shall I change?";
    this.input.focus();
  }

  async #hangUp(callId) {
    await this.#while(null, () => post(`/api/calls/${callId}/cancel`));
  }

  /** Do something with the control switched off; say what went wrong. */
  async #while(control, action) {
    if (control) control.disabled = true;
    try {
      await action();
      this.#tell("");
    } catch (error) {
      this.#tell(error.message);
      for (const card of this.#cards.values()) card.release();
    } finally {
      if (control) control.disabled = false;
    }
  }

  #retry(action, error) {
    this.#tell(`${error.message} Trying again ...`, true);
    this.#timer = setTimeout(action, AGAIN_MS);
  }

  #tell(text, isAboutStream = false) {
    this.notice.textContent = text;
    this.#isAboutStream = isAboutStream;
  }
}

customElements.define("ringback-chat", RingbackChat);
