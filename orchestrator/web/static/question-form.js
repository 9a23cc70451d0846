// The reply box of a question that a running call waits for, and the time that is left.

const SOON_S = 10;

export class QuestionForm extends HTMLElement {
  #question = null;
  #timer = 0;
  #now = Date.now;
  #hadFocus = false; // before it was switched off

  /** Make the box of one question; `now` tells the server's time in ms. */
  static of(question, now) {
    const made = document.createElement("question-form");
    made.#question = question;
    made.#now = now;
    return made;
  }

  connectedCallback() {
    if (this.firstElementChild) return;
    this.append(document.getElementById("question").content.cloneNode(true));
    const field = this.querySelector("input");
    field.id = `answer-${this.#question.question_id}`;
    this.querySelector("label").htmlFor = field.id;
    const asked = this.parentElement.querySelector("p");
    asked.id = `${field.id}-question`;
    field.setAttribute("aria-describedby", asked.id);
    this.querySelector("form").addEventListener("submit", (submit) => {
      submit.preventDefault();
      const text = field.value.trim();
      const detail = { form: this, text, questionId: this.#question.question_id };
      if (text) this.dispatchEvent(new CustomEvent("answer", { bubbles: true, detail }));
    });
    this.#timer = setInterval(() => this.#tick(), 250);
    this.#tick();
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  /** Switch the box off while its answer is on the way; on again, it has the focus it had. */
  set disabled(isDisabled) {
    if (isDisabled) this.#hadFocus = this.contains(document.activeElement);
    for (const control of this.querySelectorAll("input, button")) control.disabled = isDisabled;
    if (!isDisabled && this.#hadFocus) this.focus();
  }

  focus() {
    this.querySelector("input").focus();
  }

  /** Take the box away: the question is answered, or nobody waits any more. */
  close() {
    const hadFocus = this.#hadFocus || this.contains(document.activeElement);
    this.remove();
    if (hadFocus) document.querySelector("#text").focus();
  }

  /** Show the seconds; only the last ones are spoken, once. */
  #tick() {
    const left = Math.ceil((this.#question.until_at / 1000 - this.#now()) / 1000);
    this.querySelector(".clock").textContent = left > 0 ? `${left} s left to answer` : "Time is over";
    const soon = this.querySelector(".soon");
    if (left <= SOON_S && left > 0 && !soon.textContent) soon.textContent = "Please answer now.";
    if (left <= 0) {
      clearInterval(this.#timer);
      soon.textContent = "";
      this.disabled = true;
    }
  }
}

customElements.define("question-form", QuestionForm);
