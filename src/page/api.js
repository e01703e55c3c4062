import { saveReturnHash } from './address.js';
import { multipart } from './uploads.js';

/**
 * @typedef {{ index: number, id: string, width: number, height: number, seed: number, thumbhash: string, url: string, small: string,
 *   png: string, webp: string }} Image a finished one, with its place in its generation
 * @typedef {'LOAD' | 'ENCODE_PROMPT' | 'ENCODE_IMAGE' | 'DENOISE' | 'DECODE' | 'ENCODE_OUTPUT'} Stage
 * @typedef {{ stage: Stage, durationMs: number }} StageTiming
 * @typedef {{ __typename: string, code: string, message: string, retryable: boolean, parameters: { name: string, value: string }[],
 *   field?: string, retryAfterMs?: number }} Problem
 * @typedef {'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'} Status
 * @typedef {{ __typename: 'Generation', id: string, status: Status, prompt: string, seed: number, width: number,
 *   height: number, steps: number, cache: 'HIT' | 'SHARED' | 'MISS', promptTruncated: boolean, step: number,
 *   totalSteps: number, queuePosition: number | null, images: Image[], timings: StageTiming[], problem: Problem | null,
 *   operation: Operation, editMode: 'INSTRUCTION' | 'STRENGTH' | 'INPAINT' | null, regions: { x: number, y: number, width: number, height: number }[],
 *   createdAt: string, finishedAt: string | null }} Generation
 * @typedef {'GENERATE' | 'EDIT' | 'REFINE'} Operation
 * @typedef {{ id: string, name: string, operations: Operation[], editModes: string[], defaultSteps: number, defaultGuidance: number,
 *   defaultRefineSteps: number, defaultRefineStrength: number, loras: { id: string, name: string, description: string }[],
 *   defaultWidth: number, defaultHeight: number, maxPixels: number, supportsGuidance: boolean,
 *   supportsNegativePrompt: boolean }} Model
 * @typedef {{ prompt: string, negativePrompt?: string, model?: string, width?: number, height?: number, steps?: number,
 *   guidance?: number, seed?: number | string, count?: number, loras?: { id: string, weight: number }[], cache?: 'DEFAULT' | 'REFRESH' | 'ONLY' }} GenerateInput
 * @typedef {GenerateInput & { operation?: Operation, image?: { id: string } | { upload: string }, mask?: { upload: string },
 *   strength?: number }} FormInput what the form asks for: the input, and of which mutation when it is not `generate`
 */

/** Where the API is, beside the page. */
export const endpoint = new URL('graphql', document.baseURI).href;

/** What a finished or running generation is asked for. */
export const generationFields = `fragment Whole on Generation {
  __typename id operation editMode status prompt seed width height steps cache promptTruncated step totalSteps queuePosition createdAt finishedAt
  imageEdges { index node { id width height seed thumbhash url small: url(width: 160) png: url(format: PNG) webp: url(format: WEBP) } }
  timings { stage durationMs }
  regions { x y width height }
  problem { __typename code message retryable parameters { name value } }
}`;

/**
 * A generation as the API tells it, with each image's place beside the image: which ones are finished is no order.
 * @param {Omit<Generation, 'images'> & { imageEdges: { index: number, node: Omit<Image, 'index'> }[] }} told
 * @returns {Generation}
 */
export function generationFrom({ imageEdges, ...generation }) {
  return { ...generation, images: imageEdges.map(({ index, node }) => ({ ...node, index })) };
}

/**
 * An image's address beside the page: the public one may be that of a cache elsewhere, which a page may not save from, and below
 * another path.
 * @param {string} url
 */
export function here(url) {
  const { pathname, search } = new URL(url);
  return new URL(pathname.slice(pathname.lastIndexOf('/images/') + 1) + search, document.baseURI).href;
}

/** Whether clients other than this page must send a key. */
export async function asksForKey() {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
    credentials: 'omit',
  });
  return response.status === 401;
}

/**
 * @typedef {{ code?: string, reason?: string, parameters?: Record<string, string | number> }} Extensions
 * of a GraphQL error; `reason` is the code of a problem
 */

/** The server refused the request itself: a GraphQL error, or an HTTP status that a retry would not change. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} [status]
   * @param {Extensions} [extensions]
   */
  constructor(message, status = 200, { code = '', reason = '', parameters = {} } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.reason = reason;
    this.parameters = Object.entries(parameters).map(([name, value]) => ({ name, value: String(value) }));
  }

  /** The field of the input that it is about, where the error says one; else nothing. */
  get field() {
    return this.parameters.find(({ name }) => name === 'field')?.value ?? '';
  }

  /** Of `Variable "$input" got invalid value "x" at "input.seed"; …`: the field, and what was said about it. */
  get variable() {
    const match = /at "input\.(\w+)"; ?(?:Expected type "[^"]*"\. )?(.*)/s.exec(this.message);
    return match === null ? null : { field: match[1] ?? '', message: match[2] ?? '' };
  }
}

/** Nobody answers at the address of the API. */
export class Unreachable extends Error {}

/**
 * @template T
 * @param {string} query
 * @param {Record<string, unknown>} [variables]
 * @returns {Promise<T>}
 */
export async function graphql(query, variables = {}) {
  const response = await post(query, variables, 'application/graphql-response+json, application/json');
  const { data, errors } = await response.json().catch(() => ({ errors: [{ message: `HTTP ${response.status}` }] }));
  if (errors !== undefined) throw apiError(errors[0], response.status);
  return data;
}

/**
 * @param {{ message: string, extensions?: Extensions }} error
 * @param {number} [status]
 */
export function apiError({ message, extensions }, status) {
  return new ApiError(message, status, extensions);
}

/**
 * @param {string} query
 * @param {Record<string, unknown>} variables
 * @param {string} accept
 * @param {AbortSignal} [signal]
 */
export async function post(query, variables, accept, signal) {
  const files = await multipart(query, variables);
  const response = await fetch(endpoint, {
    method: 'POST',
    // What a form of any other site could send as well must show that no form sent it.
    headers: files === null ? { 'content-type': 'application/json', accept } : { 'x-graphql-yoga-csrf': '1', accept },
    body: files ?? JSON.stringify({ query, variables }),
    signal: signal ?? null,
  }).catch((error) => {
    throw signal?.aborted ? error : new Unreachable('Nobody answers.', { cause: error });
  });
  // The session is over: the server shows its door, behind which the same request waits.
  if (response.status === 401) {
    saveReturnHash(location.hash);
    location.assign('login');
  }
  return response;
}

/** @returns {Promise<Model[]>} the default model first */
export async function fetchModels() {
  const fields =
    'id name operations editModes defaultSteps defaultRefineSteps defaultRefineStrength loras { id: key name description } defaultGuidance defaultWidth defaultHeight maxPixels supportsGuidance supportsNegativePrompt';
  /** @type {{ models: Model[] }} */
  const { models } = await graphql(`query Models { models { ${fields} } }`);
  return models;
}

/** @param {FormInput} input */
export function mutationOf({ operation = 'GENERATE' }) {
  const field = operation.toLowerCase();
  return { field, type: `${field[0]?.toUpperCase()}${field.slice(1)}Input` };
}

/**
 * Asks for images and answers at once, with the generation as it begins or with what is wrong.
 * @param {FormInput} form
 * @returns {Promise<Generation | Problem>}
 */
export async function ask(form) {
  const { operation: _, ...input } = form;
  const { field, type } = mutationOf(form);
  const query = `mutation Ask($input: ${type}!) {
    asked: ${field}(input: $input, waitMs: 0) {
      __typename
      ... on Generation { ...Whole }
      ... on Problem { code message retryable parameters { name value } }
      ... on InvalidInput { field }
      ... on QueueFull { retryAfterMs }
    }
  }
  ${generationFields}`;
  /** @type {{ asked: Parameters<typeof generationFrom>[0] | Problem }} */
  const { asked } = await graphql(query, { input });
  return 'imageEdges' in asked ? generationFrom(asked) : asked;
}

/** @param {string} id */
export async function cancel(id) {
  await graphql('mutation Cancel($id: ID!) { cancel(id: $id) { __typename } }', { id });
}
