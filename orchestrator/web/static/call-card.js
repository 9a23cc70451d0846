// The card of one call: live while it runs, the result when it is over.

const copyOf = (id) => document.getElementById(id).content.cloneNode(true);

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

export class CallCard extends HTMLElement {
  #view = null;
  #isOver = false;

  /** Make a card in a list entry of its own. */
  static entry() {
    return copyOf("card").firstElementChild;
  }

  connectedCallback() {
    if (this.dataset.ready) return;
    this.dataset.ready = "yes";
    this.querySelector("[data-action=hang-up]").addEventListener("click", (click) => {
      click.currentTarget.disabled = true;
      this.#ask("hang-up");
    });
    this.querySelector("[data-action=call-again]").addEventListener("click", (click) => {
      click.currentTarget.disabled = true;
      this.#ask("call-again");
    });
  }

  get callId() {
    return this.#view?.call_id;
  }

  /** Show how the call stands; `isNewest`: no later call of this errand. */
  show(view, isNewest = true) {
    this.#view = view;
    const again = view.try_number > 1 ? ` (try ${view.try_number})` : "";
    this.querySelector("h2").textContent = `Call to ${view.callee}${again}`;
    this.querySelector(".more").href = `/calls/${view.call_id}`;
    this.#showSteps(view.steps);
    this.querySelector(".note").textContent = view.is_ending ? "Hanging up ..." : view.note;
    this.#showTurns(view);
    this.#showResult(view.result);
    const hangUp = this.querySelector("[data-action=hang-up]");
    hangUp.hidden = view.is_over;
    hangUp.disabled = view.is_ending;
    this.isNewest(isNewest);
  }

  /** Offer another try on the newest card only. */
  isNewest(newest) {
    const again = this.querySelector("[data-action=call-again]");
    again.hidden = !(newest && this.#view?.result?.can_call_again);
  }

  /** Let the person press again after a request that failed. */
  release() {
    for (const button of this.querySelectorAll("button")) button.disabled = false;
  }

  /** Add one line, or put it in place of an earlier text of the same line. */
  showTurn(turn) {
    if (turn.role === "tool") return;
    const list = this.querySelector(".transcript");
    const id = `turn-${this.#view.call_id}-${turn.position}`;
    let line = document.getElementById(id);
    if (!line) {
      line = document.createElement("li");
      line.id = id;
      line.dataset.position = turn.position;
      const later = [...list.children].find((one) => Number(one.dataset.position) > turn.position);
      list.insertBefore(line, later ?? null);
    }
    line.className = turn.role;
    line.replaceChildren(element("span", turn.who, "who"), element("span", turn.text, "words"));
    if (turn.interrupted) line.append(element("span", "(interrupted)", "dim"));
  }

  #showSteps(steps) {
    const items = steps.map(({ name, state }) => {
      const item = element("li", name, state);
      if (state === "now") item.setAttribute("aria-current", "step");
      if (state === "skipped") item.append(element("span", " (not reached)", "hidden-label"));
      return item;
    });
    this.querySelector(".steps").replaceChildren(...items);
  }

  #showTurns(view) {
    const known = new Set(view.turns.map((turn) => String(turn.position)));
    for (const turn of view.turns) this.showTurn(turn);
    if (!view.result) return; // a line may have come that this view does not know yet
    for (const line of this.querySelectorAll(".transcript li")) {
      if (!known.has(line.dataset.position)) line.remove();
    }
  }

  #showResult(result) {
    const place = this.querySelector(".result");
    place.hidden = !result;
    if (!result) return;
    if (!this.#isOver) this.querySelector(".said").open = false; // the result comes first
    this.#isOver = true;
    place.replaceChildren(copyOf("result"));
    const badge = place.querySelector(".badge");
    badge.textContent = result.headline;
    badge.classList.add(result.tone);
    const facts = place.querySelector(".facts");
    for (const fact of result.facts) facts.append(...this.#factRows(fact));
    this.#addRow(facts, "Duration", result.duration);
    this.#addRow(facts, "Why it ended", result.ended_because);
    const rest = result.incomplete ? " The transcript is not complete." : "";
    place.querySelector(".reconstructed").textContent = result.reconstructed + rest;
    place.querySelector(".warning").textContent = result.warning;
    place.querySelector(".error").textContent = result.error;
  }

  #factRows(fact) {
    const value = document.createElement("dd");
    value.append(element("strong", fact.value));
    for (const position of fact.turns) {
      const proof = element("a", "heard in the call");
      proof.href = `#turn-${this.#view.call_id}-${position}`;
      proof.addEventListener("click", () => {
        this.querySelector(".said").open = true;
      });
      value.append(proof);
    }
    if (!fact.turns.length) value.append(element("span", "claimed, not proven", "dim"));
    return [element("dt", fact.label), value];
  }

  #addRow(list, label, text) {
    if (text) list.append(element("dt", label), element("dd", text));
  }

  #ask(action) {
    const detail = { callId: this.#view.call_id };
    this.dispatchEvent(new CustomEvent(action, { bubbles: true, detail }));
  }
}

customElements.define("call-card", CallCard);
