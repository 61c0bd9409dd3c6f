// What can go wrong with a request: the service refuses it (RFC 9457), or nobody answers.

/** One wrong part of a request: a JSON Pointer to a field (RFC 6901) or the name of a parameter, and what is wrong. */
export interface FieldFault {
  pointer?: string;
  parameter?: string;
  detail: string;
}

/** The service refused a request, or failed; `message` is for people. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly faults: FieldFault[] = [],
    /** Quote it in a report of a fault; empty when the service sent none. */
    readonly requestId = "",
    /** Seconds after which the same request may succeed (503, 429); null when the service did not say. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.name = "Problem";
  }
}

/** Nobody answered: the network is gone, or the service is. The request may or may not have arrived. */
export class Unreachable extends Error {
  constructor() {
    super("The service does not answer. Check the network connection.");
    this.name = "Unreachable";
  }
}

/** Return the problem that a refusal describes. */
export async function problemOf(response: Response): Promise<Problem> {
  const requestId = response.headers.get("X-Request-ID") ?? "";
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const document = await readDocument(response);
  const message = document.detail || `The service answered with the status ${response.status}.`;
  return new Problem(response.status, message, document.errors ?? [], requestId, Number.isNaN(seconds) ? null : seconds);
}

async function readDocument(response: Response): Promise<{ detail?: string; errors?: FieldFault[] }> {
  try {
    return await response.json();
  } catch {
    // A proxy on the way answers in its own form.
    return {};
  }
}
