/** A broken world (not an expected refusal): `code` is stable and lower case, such as `log.away`. */
export class HubError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HubError';
    this.code = code;
  }
}
