// Who answers the next call: a person here, a scripted callee, or something that goes wrong.

const GROUPS = {
  "A scripted callee, for an order of food": ({ kind, errand }) => kind === "callee" && errand === "food_order",
  "A scripted callee, for another errand": ({ kind, errand }) => kind === "callee" && errand !== "food_order",
  "Something goes wrong": ({ kind }) => kind === "fault",
};

export class Picker {
  #select;
  #note;

  /** `pick` gets the name of what the person chose; "" for themselves. */
  constructor(select, note, pick) {
    this.#select = select;
    this.#note = note;
    select.addEventListener("change", () => pick(select.value));
  }

  /** Fill the list with what the sandbox can play. */
  async fill() {
    try {
      const answer = await fetch("control/scenarios");
      const { scenarios } = await answer.json();
      this.#select.length = 1;
      this.#select.querySelectorAll("optgroup").forEach((group) => group.remove());
      for (const [label, belongs] of Object.entries(GROUPS)) {
        const group = document.createElement("optgroup");
        group.label = label;
        group.append(...scenarios.filter(belongs).map(option));
        this.#select.append(group);
      }
    } catch {
      this.#note.textContent = "The list of scripted callees could not be read. Reload the page to try again.";
    }
  }

  /** Show what the sandbox will do. */
  show({ scenario, summary }) {
    this.#select.value = scenario;
    this.#note.textContent = scenario
      ? `The next call does not ring here: it plays "${inWords(scenario)}". ${summary}`
      : "The next call rings here.";
  }

  /** Say that the picked callee has taken a call. */
  showTaken({ scenario, number }) {
    this.#select.value = "";
    this.#note.textContent = `"${inWords(scenario)}" plays the call to ${number}. The one after it rings here.`;
  }
}

/** Print the name of a scenario for people. */
export function inWords(scenario) {
  return scenario.replaceAll("_", " ");
}

function option({ name, summary }) {
  return new Option(`${inWords(name)}: ${summary}`, name);
}
