// Loaded before every Node app. Listens from the first moment: a parent that dies while the app is still loading would go unnoticed, because
// `disconnect` is not told twice. The app has this long to close what it has open.
const GRACE_MS = 12_000;

process.once('disconnect', () => setTimeout(() => process.exit(1), GRACE_MS).unref());
// Listening alone must not keep a program alive that has nothing left to do.
process.channel?.unref();
