// The sandbox phone: connects the page with the sandbox and shows one call at a time.

import { Earpiece } from "./earpiece.js";
import { Lines } from "./lines.js";
import { Microphone, whyNoMicrophone } from "./microphone.js";
import { inWords, Picker } from "./picker.js";

const RECONNECT_MS = 1_000;
const MOST_UNSENT = 16_384; // two seconds of the microphone: a slow line loses the rest
const byId = (id) => document.getElementById(id);
const words = byId("words");
const title = document.title;

export const earpiece = new Earpiece();
const microphone = new Microphone();
const lines = new Lines(byId("lines"));
const picker = new Picker(byId("scenario"), byId("picked"), (name) => act("pick", name));
let socket;
let ending = ""; // what the person did to end the call, for the words at its end
let answeredAt = 0; // 0 while nobody talks

function act(action, text = "") {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ do: action, text }));
}

/** Show a state of the telephone: idle, ringing, talking, following. */
function enter(state, sentence, detail = "") {
  const wasIdle = byId("display").dataset.state === "idle";
  byId("display").dataset.state = state;
  byId("state").textContent = sentence;
  byId("detail").textContent = detail;
  const isTalking = state === "talking";
  byId("ringing").hidden = state !== "ringing";
  byId("talking").hidden = !isTalking && state !== "following";
  byId("microphone").hidden = !isTalking;
  byId("hang-up").textContent = isTalking ? "Hang up" : "Stop listening";
  byId("meters").hidden = byId("talking").hidden;
  for (const part of document.querySelectorAll("[data-key], [data-say], #say, #words")) {
    part.disabled = !isTalking;
  }
  earpiece.ring(state === "ringing");
  document.title = { ringing: `Ringing! - ${title}`, talking: `In a call - ${title}` }[state] ?? title;
  if (!isTalking) closeMicrophone();
  if (state !== "idle") return;
  answeredAt = 0;
  if (!wasIdle) keepFocus();
}

/** Bring the keyboard back to the page when what it was on is gone. */
function keepFocus() {
  const at = document.activeElement;
  if (at === null || at === document.body || at.disabled || at.closest("[hidden]")) byId("main").focus({ preventScroll: true });
}

function startClock() {
  answeredAt = performance.now();
  byId("clock").textContent = "0:00";
}

/** Say what the browser does not let this page do yet. */
function showSound() {
  const isSilent = !earpiece.isOpen && byId("display").dataset.state !== "idle";
  byId("sound-note").textContent = isSilent
    ? "Browsers keep a page silent until it is touched: click anywhere, or press a key, to hear it."
    : "";
}

const reactions = {
  welcome({ factor }) {
    const speed = Number(factor) === 1 ? "" : `The sandbox plays ${Number(factor)} times as fast as life: its sound is cut.`;
    enter("idle", "Waiting for a call.", speed);
  },
  ringing({ number, caller, name }) {
    ending = "";
    lines.clear("You");
    enter("ringing", `${name || number} is ringing.`, `A call from ${caller}. You are ${name || "the shop"}.`);
    showSound();
    byId("answer").focus();
  },
  answered() {
    enter("talking", "You are connected.", "Type what you say, or press a phrase. Whatever you say while the agent speaks interrupts it.");
    startClock();
    words.focus();
  },
  following({ scenario, number, name }) {
    ending = "";
    lines.clear("Callee");
    enter("following", `"${inWords(scenario)}" answers for ${name || number}.`, "You only listen.");
    startClock();
    showSound();
  },
  line: (message) => lines.show(message),
  key: (message) => lines.showKey(message),
  picked: (message) => picker.show(message),
  taken: (message) => picker.showTaken(message),
  too_much: () => lines.remark("That was too much at once: wait until your words are spoken."),
  ended() {
    const ends = { refuse: "You refused the call.", hang_up: "You hung up.", voicemail: "The answering machine takes the call." };
    const others = { talking: "The agent's side hung up.", ringing: "Nobody answered it here." };
    const other = ending ? "" : (others[byId("display").dataset.state] ?? "");
    enter("idle", ends[ending] ?? "The call is over.", `${other} Waiting for the next call.`.trim());
  },
};

function connect() {
  const url = new URL("phone", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => {
    if (data instanceof ArrayBuffer) {
      earpiece.hear(new Uint8Array(data));
      return;
    }
    const message = JSON.parse(data);
    reactions[message.event]?.(message);
  });
  socket.addEventListener("close", () => {
    enter("idle", "The sandbox does not answer.", "Trying again ...");
    setTimeout(connect, RECONNECT_MS);
  });
}

async function openMicrophone() {
  const note = byId("microphone-note");
  note.textContent = "Asking for the microphone ...";
  try {
    await microphone.open((frame) => {
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_UNSENT) socket.send(frame);
    });
    if (!microphone.isOpen) return; // the call was over first
    note.textContent = "The microphone is on. The sandbox's own agent hears that you speak, but understands typed words only.";
    byId("microphone").setAttribute("aria-pressed", "true");
  } catch (error) {
    closeMicrophone(error.message);
  }
}

function closeMicrophone(note = "") {
  microphone.close();
  byId("microphone").setAttribute("aria-pressed", "false");
  byId("microphone-note").textContent = note;
}

function end(action) {
  ending = action;
  act(action);
}

function say(text) {
  if (text.trim()) act("say", text.trim());
  words.focus();
}

function showLevels() {
  if (answeredAt) {
    const seconds = Math.floor((performance.now() - answeredAt) / 1_000);
    byId("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    byId("level").value = earpiece.loudness();
    byId("own-level").value = microphone.level;
  }
}

byId("answer").addEventListener("click", () => act("answer"));
for (const [id, action] of [["refuse", "refuse"], ["voicemail", "voicemail"], ["hang-up", "hang_up"]]) {
  byId(id).addEventListener("click", () => end(action));
}
byId("microphone").addEventListener("click", () => (microphone.isOpen ? closeMicrophone() : openMicrophone()));
byId("mute").addEventListener("click", () => {
  earpiece.mute(!earpiece.isMuted);
  byId("mute").setAttribute("aria-pressed", String(earpiece.isMuted));
});
byId("speech").addEventListener("submit", (event) => {
  event.preventDefault();
  say(words.value);
  words.value = "";
});
for (const phrase of document.querySelectorAll("[data-say]")) {
  phrase.addEventListener("click", () => say(phrase.textContent));
}
for (const key of document.querySelectorAll("[data-key]")) {
  key.addEventListener("click", () => act("key", key.dataset.key));
}
for (const touch of ["pointerdown", "keydown"]) {
  document.addEventListener(touch, () => earpiece.open().then(showSound));
}
if (whyNoMicrophone()) byId("microphone").classList.add("missing");
setInterval(showLevels, 100);
await picker.fill();
connect();
