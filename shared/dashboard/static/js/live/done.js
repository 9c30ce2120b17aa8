// How many of a job's URLs have their outcome. A snapshot counts a URL that was
// tried again once more, in total as in processed; people count URLs.
export const doneOf = ({ urls = 0, total = urls, processed = 0 }) => Math.max(0, urls - Math.max(0, total - processed));
