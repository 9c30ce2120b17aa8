// How the page hears of news at present; shown in the frame and on the job's page.
import { signal } from "../../vendor/preact.js";

// idle: nothing is watched. connecting, live (WebSocket or events), polling, offline.
export const connection = signal("idle");
