// EventParser turns the text of a stream into events (WHATWG HTML, section 9.2.6).
export class EventParser {
  retry = 0; // milliseconds the server wants to be left alone after the stream's end
  #rest = "";
  #event = { type: "message", data: [], id: undefined };

  push(text) {
    const events = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        const { type, data, id } = this.#event;
        if (data.length) events.push({ type, data: data.join("\n"), id });
        this.#event = { type: "message", data: [], id };
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue; // a comment keeps the connection alive
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") this.#event.data.push(value);
      else if (field === "event") this.#event.type = value;
      else if (field === "id") this.#event.id = value;
      else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    }
    return events;
  }
}
