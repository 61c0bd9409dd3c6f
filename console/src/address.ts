// Where the console lies: at the root of its origin, or below the path prefix of a proxy.

// The built files are in one folder below the console's root, whatever the page's own address is. The variable keeps Vite from taking
// the pair for the address of a file.
const parent = "..";

/** The address of the console and of its API, with a slash at its end. */
export const root = new URL(`${parent}/`, import.meta.url);

/** The path of `root`, such as `/` or `/labels/`. */
export const rootPath = root.pathname;
