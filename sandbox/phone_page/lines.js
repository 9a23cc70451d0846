// The transcript: who said what, how much of it was heard, which keys were pressed.

const UNKNOWN = {
  Agent: "(speech whose words the sandbox does not know; Ringback's page has the transcript)",
  You: "(by microphone)",
  Callee: "(sound without words)",
};

export class Lines {
  #list;
  #open = new Map(); // lines by their number, while they are being said
  #names = { agent: "Agent", callee: "You" };

  constructor(list) {
    this.#list = list;
  }

  /** Begin anew. `callee`: the name of who answers. */
  clear(callee) {
    this.#list.replaceChildren();
    this.#open.clear();
    this.#names = { agent: "Agent", callee };
  }

  /** Show a line that begins, or how it ended. */
  show({ line, who, text, heard, state }) {
    if (state === "begun") {
      this.#open.set(line, this.#add(who, text || UNKNOWN[this.#names[who]]));
      this.#open.get(line).classList.add("begun");
      return;
    }
    const item = this.#open.get(line);
    this.#open.delete(line);
    item?.classList.remove("begun");
    if (state === "cut") this.#cut(item.querySelector(".words"), text, heard);
  }

  showKey({ who, key }) {
    this.#add(who, `pressed ${key}`).classList.add("key");
  }

  /** Add a remark that nobody said. */
  remark(text) {
    const item = document.createElement("li");
    item.className = "remark";
    item.textContent = text;
    this.#append(item);
  }

  #add(who, text) {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const words = document.createElement("span");
    item.className = who;
    name.className = "who";
    name.textContent = this.#names[who];
    words.className = "words";
    words.textContent = text;
    item.append(name, " ", words);
    this.#append(item);
    return item;
  }

  #append(item) {
    const log = this.#list.parentElement;
    this.#list.append(item);
    log.scrollTop = log.scrollHeight;
  }

  #cut(words, text, heard) {
    const lost = document.createElement("s");
    const label = document.createElement("span");
    lost.textContent = text.slice(heard.length).trim();
    label.className = "dim";
    label.textContent = " (cut short: the rest was not heard)";
    words.replaceChildren(`${heard} `, lost, label);
  }
}
