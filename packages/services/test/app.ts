// A Node app as the launcher starts them: says that it is ready, ends when its parent is gone.
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
setInterval(() => undefined, 60_000);
