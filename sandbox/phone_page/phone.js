// The sandbox phone: shows one call, sends what the person does.

const byId = (id) => document.getElementById(id);
const parts = {
  state: byId("state"),
  talk: byId("talk"),
  words: byId("words"),
  ringing: [byId("answer"), byId("refuse")],
  talking: [byId("hang-up"), byId("say"), byId("words"), ...document.querySelectorAll("[data-key]")],
};
const RECONNECT_MS = 1000;
let socket;
let spoken; // the line of the sentence that the agent is saying

function enable({ ringing = false, talking = false }) {
  for (const part of parts.ringing) part.disabled = !ringing;
  for (const part of parts.talking) part.disabled = !talking;
}

function note(who, text) {
  const line = document.createElement("li");
  const name = document.createElement("span");
  name.className = "who";
  name.textContent = `${who}:`;
  const words = document.createElement("span");
  words.textContent = text;
  line.append(name, words);
  parts.talk.append(line);
  line.scrollIntoView({ block: "nearest" });
  return words;
}

const reactions = {
  ringing({ number, caller }) {
    parts.talk.replaceChildren();
    parts.state.textContent = `${number} is ringing: a call from ${caller}.`;
    enable({ ringing: true });
    byId("answer").focus();
  },
  answered() {
    parts.state.textContent = "You are connected.";
    enable({ talking: true });
    parts.words.focus();
  },
  speaking() {
    parts.state.textContent = "The agent is speaking: what you say now interrupts it.";
    spoken = note("Agent", "...");
  },
  said: ({ text }) => note("You", text),
  heard({ text, cut }) {
    parts.state.textContent = "You are connected.";
    spoken.textContent = cut ? `${text} (cut short)` : text;
  },
  ended() {
    parts.state.textContent = "The call is over. Waiting for the next one.";
    enable({});
  },
};

function connect() {
  const url = new URL("phone", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.addEventListener("open", () => {
    parts.state.textContent = "Waiting for a call.";
  });
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    reactions[message.event]?.(message);
  });
  socket.addEventListener("close", () => {
    parts.state.textContent = "The sandbox does not answer. Trying again ...";
    enable({});
    setTimeout(connect, RECONNECT_MS);
  });
}

function act(action, text = "") {
  socket.send(JSON.stringify({ do: action, text }));
}

byId("answer").addEventListener("click", () => act("answer"));
byId("refuse").addEventListener("click", () => act("refuse"));
byId("hang-up").addEventListener("click", () => act("hang_up"));
byId("speech").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = parts.words.value.trim();
  if (text) act("say", text);
  parts.words.value = "";
  parts.words.focus();
});
for (const key of document.querySelectorAll("[data-key]")) {
  key.addEventListener("click", () => act("key", key.dataset.key));
}
connect();
