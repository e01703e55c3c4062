/**
 * Files that a request will send, by the name under which the request speaks of them: so a request stays plain data that can be
 * compared, shown and remembered.
 * @type {Map<string, () => Promise<Blob>>}
 */
const waiting = new Map();

/** What a request speaks of is gone: after a reload of the page the name of a file is remembered and the file is not. */
export class NotHere extends Error {
  /** @param {'fileGone' | 'imageGone' | 'maskGone'} word how the page says it */
  constructor(word) {
    super(word);
    this.word = word;
  }
}

let count = 0;
/** The history outlives a reload of the page and files do not: their names must not come again. */
const visit = Date.now().toString(36);

/**
 * @param {() => Promise<Blob>} file asked for when it is sent
 * @returns {string} its name
 */
export function registerUpload(file) {
  const name = `file ${visit}-${++count}`;
  waiting.set(name, file);
  return name;
}

/**
 * @param {string} name
 * @returns {Promise<Blob>}
 */
export function uploaded(name) {
  const file = waiting.get(name);
  if (file === undefined) return Promise.reject(new NotHere('fileGone'));
  return file();
}

/**
 * A GraphQL request with its files, as https://github.com/jaydenseric/graphql-multipart-request-spec has it; null where it has none.
 * @param {string} query
 * @param {Record<string, any>} variables in which `{ upload: name }` stands for a file
 * @returns {Promise<FormData | null>}
 */
export async function multipart(query, variables) {
  const { input, places } = withoutUploads(variables);
  if (places.length === 0) return null;
  const form = new FormData();
  form.set('operations', JSON.stringify({ query, variables: input }));
  form.set('map', JSON.stringify(Object.fromEntries(places.map(({ path }, i) => [i, [path]]))));
  for (const [i, { name }] of places.entries()) form.set(String(i), await uploaded(name), 'image.png');
  return form;
}

/**
 * The variables with null in place of every file, and where the files belong.
 * @param {Record<string, any>} variables
 */
export function withoutUploads(variables) {
  /** @type {{ path: string, name: string }[]} */
  const places = [];
  /** @type {(value: any, path: string) => any} */
  const walk = (value, path) => {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((part, i) => walk(part, `${path}.${i}`));
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => {
        if (key !== 'upload' || typeof part !== 'string') return [key, walk(part, `${path}.${key}`)];
        places.push({ path: `${path}.${key}`, name: part });
        return [key, null];
      }),
    );
  };
  return { input: walk(variables, 'variables'), places };
}
