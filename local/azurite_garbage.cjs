// Azurite looks for garbage at its start and every ten minutes. With 12,000 blobs in memory that took 42 to 74 seconds, in which it
// answered nothing (Azurite 3, measured). The look at its start is enough, so that the next one comes after the longest time that
// Node can wait.
const path = require("node:path");

const constants = require(path.join(path.dirname(process.argv[1]), "utils", "constants.js"));
Object.defineProperty(constants, "DEFAULT_GC_INTERVAL_MS", { value: 2 ** 31 - 1 });
