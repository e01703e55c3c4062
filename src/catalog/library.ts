import {
  CheckpointError,
  contentHash,
  contentVersion,
  type FileHashes,
  type Look,
  statusOf,
} from '../checkpoint/index.js';
import { type LoraEntry, locationsOf, type ModelEntry } from '../domain/model-entry.js';
import type { Seen } from '../domain/seen.js';
import type { EngineJob } from '../engine/engine.js';
import { FilesChanged } from '../engine/problems.js';
import type { Check, Checks } from './checks.js';
import { absentFindings, type Finding, findingsOf, loraFinding, type Machine } from './findings.js';
import { WhileUnchanged } from './while-unchanged.js';

export interface LibraryOptions {
  readonly machine: Machine;
  readonly faceDetector: string | undefined;
  readonly hashes: FileHashes;
  readonly checks: Pick<Checks, 'findings'>;
  /** Told once of everything that cannot be used. */
  readonly report: (sentence: string) => void;
}

/** Content and findings of one model, and of each of its LoRAs. */
interface Shelf {
  readonly model: ModelEntry;
  readonly paths: { readonly deciding: readonly string[]; readonly all: readonly string[] };
  readonly content: WhileUnchanged<string>;
  readonly findings: WhileUnchanged<readonly Finding[]>;
  /** What is known already, without waiting. */
  known: { readonly version: string; readonly finding: Finding | null } | null;
  readonly loras: ReadonlyMap<string, LoraShelf>;
}

interface LoraShelf {
  readonly lora: LoraEntry;
  readonly content: WhileUnchanged<string>;
  readonly findings: WhileUnchanged<readonly Finding[]>;
}

/** No region finder but the engine's own, which is part of the program. */
const OWN_FINDER = 'texture';

/**
 * The models of the catalog as their files are now: which can be used, and by which content their images are told from others'. All
 * is found out once and kept until a file changes.
 */
export class Library {
  readonly #shelves: ReadonlyMap<string, Shelf>;
  readonly #detector = new WhileUnchanged<string>();
  readonly #options: LibraryOptions;
  /** Versions that were looked up in this turn of the event loop. */
  readonly #versions = new Map<string, string>();
  /** What stood at each path in this turn: models share files, and lists of files share paths. */
  readonly #looks = new Map<string, ReturnType<Look>>();
  readonly #look: Look = (path) => {
    const known = this.#looks.get(path);
    if (known !== undefined) return known;
    const status = statusOf(path);
    this.#looks.set(path, status);
    return status;
  };

  constructor(models: readonly ModelEntry[], options: LibraryOptions) {
    this.#shelves = new Map(models.map((model) => [model.id, shelfOf(model)]));
    this.#options = options;
  }

  /** The hash of all files that decide the model's images. @throws CheckpointError */
  content(id: string): Promise<string> {
    const { paths, content } = this.#shelf(id);
    return this.#content(content, paths.deciding);
  }

  /** @throws CheckpointError */
  loraContent(id: string, lora: string): Promise<string> {
    const { lora: entry, content } = this.#loraShelf(id, lora);
    return this.#content(content, [entry.file]);
  }

  /** What finds the regions of a refinement: another file is another finder. @throws CheckpointError */
  async regionDetector(): Promise<string> {
    const { faceDetector } = this.#options;
    return faceDetector === undefined ? OWN_FINDER : this.#content(this.#detector, [faceDetector]);
  }

  /** Another one whenever a file of the model may have changed. */
  version(id: string): string {
    return this.#version(this.#shelf(id).paths.all);
  }

  /** Null where the model can be used. */
  async finding(id: string): Promise<Finding | null> {
    const shelf = this.#shelf(id);
    const { model, paths } = shelf;
    return this.#finding(shelf.findings, paths.all, { model, lora: null }, (version, found) =>
      this.#tell(shelf, version, found),
    );
  }

  /** Null where the LoRA can be used. */
  async loraFinding(id: string, loraId: string): Promise<Finding | null> {
    const { model } = this.#shelf(id);
    const { lora, findings } = this.#loraShelf(id, loraId);
    return this.#finding(findings, [lora.file, model.components.transformer], { model, lora }, (_, found) => {
      for (const { sentence } of found)
        this.#options.report(
          `The LoRA "${loraId}" of the model "${id}" cannot be used and is not offered. ${sentence}`,
        );
    });
  }

  /** What is known of the model without waiting; null also where nothing is. */
  knownFinding(id: string): Finding | null {
    const { known } = this.#shelf(id);
    return known !== null && known.version === this.version(id) ? known.finding : null;
  }

  /**
   * Notes what takes no time to find out: folders and files that are not there, and LoRAs of the default model that do not fit it.
   * Blocks this thread for some 50 ms.
   */
  glance(): void {
    for (const shelf of this.#shelves.values()) {
      const absent = absentFindings(shelf.model);
      if (absent.length > 0) this.#note(shelf, absent);
    }
    const first = [...this.#shelves.values()].find(({ known }) => known === null);
    for (const { lora, findings } of first?.loras.values() ?? []) {
      const finding = loraFinding(first!.model, lora);
      const found = finding === null ? [] : [finding];
      findings.set(this.#version(loraPaths(first!.model, lora)), Promise.resolve(found));
      this.#tellLora(first!.model, lora, found);
    }
  }

  /** Checks every model and LoRA that was not checked yet, so that faults are logged before the first request for one. */
  async inspect(): Promise<void> {
    for (const { model } of this.#shelves.values()) {
      if ((await this.finding(model.id)) !== null) continue;
      for (const { id } of model.loras) await this.loraFinding(model.id, id);
    }
  }

  /** Spares a model the check: an engine is about to load it, which finds out the same. */
  trust(id: string): void {
    this.#shelf(id).findings.set(this.version(id), Promise.resolve([]));
  }

  /** Notes what an engine found out when it loaded the model. */
  condemn(id: string, error: unknown): void {
    this.#note(this.#shelf(id), findingsOf(error));
  }

  #note(shelf: Shelf, found: readonly Finding[]): void {
    const version = this.#version(shelf.paths.all);
    shelf.findings.set(version, Promise.resolve(found));
    this.#tell(shelf, version, found);
  }

  /** The files of a job as they are now. @throws FilesChanged when they are not those that it was made for, CheckpointError */
  async seen(job: EngineJob): Promise<Seen> {
    const { paths } = this.#shelf(job.model);
    await same(job.content, () => this.content(job.model), `The model "${job.model}"`);
    const loras = await Promise.all(
      job.sampling.loras.map(async ({ id, content }) => {
        await same(content, () => this.loraContent(job.model, id), `The LoRA "${id}"`);
        return [id, this.#version([this.#loraShelf(job.model, id).lora.file])] as const;
      }),
    );
    const regionDetector = job.operation === 'REFINE' && job.regionDetector ? job.regionDetector : null;
    if (regionDetector !== null) await same(regionDetector, () => this.regionDetector(), 'The face detector');
    const { faceDetector } = this.#options;
    return {
      model: this.#version(paths.all),
      loras: Object.fromEntries(loras),
      detector: regionDetector === null || faceDetector === undefined ? null : this.#version([faceDetector]),
    };
  }

  async #finding(
    kept: WhileUnchanged<readonly Finding[]>,
    paths: readonly string[],
    what: Pick<Check, 'model' | 'lora'>,
    tell: (version: string, found: readonly Finding[]) => void,
  ): Promise<Finding | null> {
    const version = this.#version(paths);
    const found = kept.of(version, async () => {
      const { checks, machine } = this.#options;
      const findings = await checks.findings({ ...what, machine });
      // A file that is half written is damaged only for this moment.
      if (findings.length > 0 && contentVersion(paths) !== version) throw changing(paths);
      tell(version, findings);
      return findings;
    });
    const [first = null] = await found.catch((error) => {
      if (error instanceof CheckpointError) return findingsOf(error);
      throw error;
    });
    return first;
  }

  #content(kept: WhileUnchanged<string>, paths: readonly string[]): Promise<string> {
    const version = this.#version(paths);
    return kept.of(version, async () => {
      const hash = await contentHash(paths, this.#options.hashes);
      if (contentVersion(paths) === version) return hash;
      throw changing(paths);
    });
  }

  /** Looked up once a turn of the event loop: all questions of one turn are about the same moment. */
  #version(paths: readonly string[]): string {
    const key = paths.join('\n');
    const known = this.#versions.get(key);
    if (known !== undefined) return known;
    if (this.#versions.size === 0)
      setImmediate(() => {
        this.#versions.clear();
        this.#looks.clear();
      });
    const version = contentVersion(paths, this.#look);
    this.#versions.set(key, version);
    return version;
  }

  #tell(shelf: Shelf, version: string, found: readonly Finding[]): void {
    shelf.known = { version, finding: found[0] ?? null };
    for (const { sentence } of found)
      this.#options.report(`The model "${shelf.model.id}" cannot be used and is not offered. ${sentence}`);
  }

  #tellLora(model: ModelEntry, { id }: LoraEntry, found: readonly Finding[]): void {
    for (const { sentence } of found)
      this.#options.report(
        `The LoRA "${id}" of the model "${model.id}" cannot be used and is not offered. ${sentence}`,
      );
  }

  #shelf(id: string): Shelf {
    const shelf = this.#shelves.get(id);
    if (shelf === undefined) throw new Error(`There is no model "${id}" in the catalog.`);
    return shelf;
  }

  #loraShelf(id: string, lora: string): LoraShelf {
    const shelf = this.#shelf(id).loras.get(lora);
    if (shelf === undefined) throw new Error(`There is no LoRA "${lora}" for the model "${id}".`);
    return shelf;
  }
}

/** What decides whether a LoRA can be used with a model. */
const loraPaths = (model: ModelEntry, lora: LoraEntry) => [lora.file, model.components.transformer];

function shelfOf(model: ModelEntry): Shelf {
  const { deciding, others } = locationsOf(model.components);
  const kept = () => ({ content: new WhileUnchanged<string>(), findings: new WhileUnchanged<readonly Finding[]>() });
  return {
    model,
    paths: { deciding, all: [...deciding, ...others] },
    ...kept(),
    known: null,
    loras: new Map(model.loras.map((lora) => [lora.id, { lora, ...kept() }])),
  };
}

function changing(paths: readonly string[]): CheckpointError {
  return new CheckpointError(`A file of ${paths.join(', ')} was changed while they were read.`, 'changing');
}

/** As much of a hash as tells it from others. */
export const short = (hash: string): string => hash.slice(0, 12);

/** @throws FilesChanged */
async function same(expected: string | undefined, now: () => Promise<string>, what: string): Promise<void> {
  const found = await now();
  if (expected !== undefined && expected !== found)
    throw new FilesChanged(what, { expected: short(expected), received: short(found) });
}
