// `npm run parity -- FOLDER`: every case of a parity folder through the engine, against the numbers of the reference implementation.
import { join, resolve } from 'node:path';
import { type Case, readCases } from './case.js';
import { imageToImageCase, inpaintCase } from './image-to-image.js';
import { type Finding, Judge } from './judge.js';
import { taef1, textEncoder, transformer, vae } from './models.js';
import { noise, scheduler, tokenizer } from './numbers.js';
import { instructionCase, transformerOmni } from './omni.js';
import { textToImageCase } from './pipeline.js';
import { textEncoderFile, transformerFile, vaeFile } from './single-files.js';

type Runner = (subject: Case, judge: Judge) => Promise<void>;

const runners: Readonly<Record<string, Runner>> = {
  noise,
  scheduler,
  tokenizer,
  text_encoder: textEncoder,
  transformer,
  transformer_omni: transformerOmni,
  vae,
  taef1,
  transformer_file: transformerFile,
  text_encoder_file: textEncoderFile,
  vae_file: vaeFile,
  'pipeline.t2i': textToImageCase,
  'pipeline.img2img': imageToImageCase,
  'pipeline.inpaint': inpaintCase,
  'pipeline.omni': instructionCase,
};

const root = resolve(process.argv[2] ?? join(import.meta.dirname, 'fixtures'));
/** Of the cases that are compared; left out, all are. */
const beginning = process.argv[3] ?? '';
const counts = { passed: 0, failed: 0 };

for (const subject of readCases(root).filter(({ name }) => name.startsWith(beginning))) {
  const judge = new Judge(subject);
  const crash = await runCase(subject, judge);
  const wrong = judge.findings.filter(({ complaint }) => complaint !== null);
  const passes = crash === null && wrong.length === 0 && judge.findings.length > 0;
  counts[passes ? 'passed' : 'failed']++;
  console.log(`${passes ? 'pass ' : 'FAIL '} ${subject.name}: ${summary(judge.findings)}`);
  if (crash !== null) console.log(`        ${crash}`);
  for (const { array, complaint, error, tolerance } of wrong)
    console.log(`        ${array} ${complaint} (largest error ${brief(error)}, allowed ${brief(tolerance)})`);
}

console.log(`${counts.passed} passed, ${counts.failed} failed (${root})`);
if (counts.passed + counts.failed === 0) console.log(`No case ran: expected cases/*.json in ${root}.`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

async function runCase(subject: Case, judge: Judge): Promise<string | null> {
  const run = runners[subject.kind];
  if (run === undefined) return `Expected a kind of case that is known here but received "${subject.kind}".`;
  try {
    await run(subject, judge);
    judge.finish();
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** The array that comes closest to its tolerance, and how many were compared. */
function summary(findings: readonly Finding[]): string {
  const closeness = ({ error, tolerance }: Finding) => (error === 0 ? 0 : error / tolerance);
  const [worst] = [...findings].sort((a, b) => closeness(b) - closeness(a));
  if (worst === undefined) return 'nothing was compared';
  const { array, error, relative, tolerance } = worst;
  return `${findings.length} arrays, worst ${array}: absolute ${brief(error)} of ${brief(tolerance)}, relative ${brief(relative)}`;
}

function brief(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}
