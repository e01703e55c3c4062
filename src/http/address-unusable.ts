/** The address of the settings cannot be listened on. The sentence names the setting. */
export class AddressUnusable extends Error {
  override readonly name = 'AddressUnusable';
}

/** Why listening failed, as operators can act on it. */
export function addressUnusable(
  error: NodeJS.ErrnoException,
  { HOST, PORT }: { readonly HOST: string; readonly PORT: number },
): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new AddressUnusable(
        `PORT: expected a port that is free on ${HOST} but received ${PORT}, where another program listens. PORT=0 takes any free one.`,
      );
    case 'EACCES':
      return new AddressUnusable(`PORT: expected a port that this user may open but received ${PORT}.`);
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AddressUnusable(`HOST: expected an address of this machine but received ${JSON.stringify(HOST)}.`);
    default:
      return error;
  }
}
