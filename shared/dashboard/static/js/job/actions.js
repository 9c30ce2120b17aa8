// What can be done to a job, from its page and from the list.
import { del, download, jobPath, post, query } from "../api.js";
import { fileName } from "../format.js";
import { go } from "../router.js";
import { failed, toast } from "../ui/toast.js";

const done = { pause: "Paused", resume: "Resumed", cancel: "Cancelled", retry: "Trying again what failed" };

// act does one of cancel, pause, resume, retry and hands on the job as it is then.
export async function act(id, action, onJob) {
  try {
    const { job } = await post(jobPath(id, `/${action}`), {});
    onJob?.(job);
    toast(done[action]);
  } catch (error) {
    failed("That did not work", error);
    onJob?.();
  }
}

// deleteJob deletes and offers to undo it for as long as the server would.
export async function deleteJob({ id, name }, onChange) {
  try {
    const { undo_until: until } = await del(jobPath(id));
    if (!onChange) go("#/");
    onChange?.();
    const left = (Date.parse(until) - Date.now()) / 1000;
    toast(`Deleted ${name || "the job"}`, {
      seconds: Math.min(15, Math.max(5, left || 10)),
      action: { label: "Undo", run: () => restore(id, onChange) },
    });
  } catch (error) {
    failed("It could not be deleted", error);
  }
}

async function restore(id, onChange) {
  try {
    await post(jobPath(id, "/restore"), {});
    if (onChange) onChange();
    else go(`#/jobs/${id}`);
    toast("Restored");
  } catch (error) {
    failed("It could not be restored", error);
  }
}

// exportJob saves "emails" or "urls" of a job, narrowed by the table's filters.
export async function exportJob({ id, name }, what, format, filters = {}) {
  try {
    const kind = what === "emails" ? "addresses" : "urls";
    // Whoever fetches CSV with a browser opens it in a spreadsheet, and Excel needs the mark.
    const wanted = format === "csv" ? { ...filters, bom: "true" } : filters;
    await download(jobPath(id, `/${what}.${format}${query(wanted)}`), fileName(`${name || "gleaner"}-${kind}`, format));
  } catch (error) {
    failed("The export failed", error);
  }
}
