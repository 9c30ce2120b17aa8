// The jobs as the list shows them, kept fresh by polling: quickly while any runs.
import { useEffect, useRef, useState } from "../../vendor/preact.js";
import { get, query } from "../api.js";
import { record } from "../live/history.js";
import { prefs } from "../prefs.js";
import { isFinal } from "../ui/states.js";

const PAGE = 50;
const QUIET_MS = 20000;

export function useJobs(q, status) {
  const [state, setState] = useState({ jobs: null, error: null, next: "" });
  const pages = useRef(1);
  const turn = useRef(0);
  const timer = useRef(0);

  const refresh = async () => {
    const mine = ++turn.current;
    clearTimeout(timer.current);
    let busy = true;
    try {
      const jobs = [];
      let next = "";
      for (let n = 0; n < pages.current; n++) {
        const page = await get(`/jobs${query({ q, status, cursor: next, limit: PAGE })}`);
        jobs.push(...page.jobs);
        next = page.next ?? "";
        if (!next) break;
      }
      if (mine !== turn.current) return;
      for (const j of jobs) if (j.progress?.started_at && !isFinal(j.status)) record({ ...j.progress, id: j.id });
      busy = jobs.some((j) => !isFinal(j.status));
      setState({ jobs, error: null, next });
    } catch (error) {
      if (mine !== turn.current) return;
      setState((old) => ({ ...old, error }));
    }
    timer.current = setTimeout(() => (document.hidden ? later() : refresh()), busy ? prefs.value.interval * 1000 : QUIET_MS);
  };
  const later = () => (timer.current = setTimeout(refresh, QUIET_MS));

  useEffect(() => {
    pages.current = 1;
    setState((old) => ({ ...old, error: null }));
    refresh();
    const wake = () => !document.hidden && refresh();
    document.addEventListener("visibilitychange", wake);
    addEventListener("online", wake);
    return () => {
      turn.current++;
      clearTimeout(timer.current);
      document.removeEventListener("visibilitychange", wake);
      removeEventListener("online", wake);
    };
  }, [q, status]);

  const loadMore = () => {
    pages.current++;
    refresh();
  };
  return { ...state, more: state.next !== "", refresh, loadMore };
}
