// Exchanges the token for a session cookie.

import { post } from "./api.js";

class TokenForm extends HTMLElement {
  connectedCallback() {
    this.querySelector("form").addEventListener("submit", async (submit) => {
      submit.preventDefault();
      try {
        await post("/session", { token: this.querySelector("input").value });
        location.reload();
      } catch (error) {
        this.querySelector(".notice").textContent = error.message;
      }
    });
  }
}

customElements.define("token-form", TokenForm);
