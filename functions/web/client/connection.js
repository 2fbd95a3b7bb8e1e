// One WebSocket for the whole tab, whatever it follows; it comes back by itself and resumes.
//
// Every event has an id, and a subscription is taken up again behind the last one seen, so
// nothing is missed and nothing comes twice.

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;
// A network that goes away without a word closes nothing: after so much silence we ask.
const SILENCE_MS = 10_000;
const HEARTBEAT = { unsubscribe: "-" }; // follows nothing; is answered at once

class Connection {
  #socket = null;
  #feeds = new Map(); // id -> { after, on }
  #unsent = []; // commands that wait for the connection
  #pauseMs = FIRST_PAUSE_MS;
  #timer = 0;
  #listeners = new Set();
  #heardMs = 0; // when the server last said anything
  #isAsked = false; // whether it owes us an answer

  constructor() {
    setInterval(() => this.#mindSilence(), SILENCE_MS / 2);
    addEventListener("offline", () => this.#drop());
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  /** Be told "" when the connection is there, and in words when it is not. */
  watch(listener) {
    this.#listeners.add(listener);
  }

  /**
   * Follow a stream: `on.event(type, data)` for each event, `on.end()` after the last,
   * `on.refused(problem)` when it cannot be followed. Gives the function that stops it.
   */
  follow(id, on, after = null) {
    const feed = { after, on };
    this.#feeds.set(id, feed);
    if (this.#isOpen) this.#subscribe(id, feed);
    else this.#open();
    return () => {
      if (this.#feeds.get(id) !== feed) return;
      this.#feeds.delete(id);
      if (this.#isOpen) this.#send({ unsubscribe: id });
    };
  }

  /**
   * Send a command about the followed `id`, such as input for a running program: now, or when the
   * connection is there. Tells whether it was now.
   */
  tell(id, command) {
    if (this.#isOpen) this.#send(command);
    else this.#unsent.push([id, command]);
    return this.#isOpen;
  }

  get #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #open() {
    if (this.#socket || this.#feeds.size === 0) return;
    clearTimeout(this.#timer);
    const url = new URL("/socket", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#heard();
      this.#say("");
      for (const [id, feed] of this.#feeds) this.#subscribe(id, feed);
      for (const [id, command] of this.#unsent.splice(0)) {
        if (this.#feeds.has(id)) this.#send(command); // else it has ended meanwhile
      }
    });
    socket.addEventListener("message", (message) => {
      if (socket !== this.#socket) return; // given up, whatever it still brings comes again
      this.#heard();
      this.#hear(JSON.parse(message.data));
    });
    socket.addEventListener("close", () => this.#lost(socket));
  }

  #heard() {
    this.#heardMs = Date.now();
    this.#isAsked = false;
  }

  #mindSilence() {
    if (!this.#isOpen || this.#feeds.size === 0 || Date.now() - this.#heardMs < SILENCE_MS) return;
    if (this.#isAsked) {
      this.#drop();
    } else {
      this.#isAsked = true;
      this.#send(HEARTBEAT);
    }
  }

  /** The network is gone; the socket may not know it for minutes. */
  #drop() {
    const socket = this.#socket;
    if (!socket) return;
    this.#lost(socket);
    socket.close();
  }

  /** There is reason to think that it would work now. */
  #hurry() {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#open();
  }

  #lost(socket) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    if (this.#feeds.size === 0) return;
    this.#say("Connection lost. Reconnecting…");
    const pause = this.#pauseMs * (0.5 + Math.random() / 2);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    this.#timer = setTimeout(() => this.#open(), pause);
  }

  #subscribe(id, feed) {
    this.#send(feed.after ? { subscribe: id, after: feed.after } : { subscribe: id });
  }

  #send(command) {
    this.#socket.send(JSON.stringify(command));
  }

  #hear(frame) {
    const feed = this.#feeds.get(frame.stream);
    if (!feed) return;
    if (frame.error) {
      this.#feeds.delete(frame.stream);
      feed.on.refused?.(frame.error);
    } else if (frame.end) {
      this.#feeds.delete(frame.stream);
      feed.on.end?.();
    } else {
      feed.after = frame.id;
      feed.on.event(frame.event, frame.data);
    }
  }

  #say(text) {
    for (const listener of this.#listeners) listener(text);
  }
}

export const connection = new Connection();
