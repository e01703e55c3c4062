#!/usr/bin/env node
import { delimiter } from 'node:path';
import { Command, Option } from 'commander';
import { ConfigError, readConfig, type Settings } from './app/config.js';
import { isDebugging } from './cli/config.js';
import type { SignCommandOptions } from './cli/sign.js';
import { variablesOf } from './cli/variables.js';
import { programVersion } from './environment/program-version.js';

/** Of a command that was used wrongly; what fails though it was used rightly ends with 1. */
const wrongUsage = 2;

// Each command is loaded when it is asked for: `--help` should not wait for the engine.
const program = new Command('inkstone')
  .description('A GraphQL image API with an edge cache, for the Z-Image family of diffusion models.')
  .version(programVersion())
  // Inherited by the commands, so before they are made.
  .configureHelp({ showGlobalOptions: true })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : wrongUsage))
  .option(
    '--checkpoint <folder>',
    'a checkpoint folder in the diffusers layout, which becomes the default; may be repeated',
    several,
  )
  .addHelpText(
    'after',
    `
Example: inkstone generate "a rocket above a castle, night sky background" --out rocket.png
\`inkstone <command> --help\` tells all that a command takes. Settings are environment variables: docs/configuration.md.
It ends with 0, with 1 where something failed, and with 2 where it was used wrongly.`,
  );

program
  .command('serve', { isDefault: true })
  .description('Serve the API, its images and a page to try it.')
  .allowExcessArguments()
  .option('--host <address>', 'address to listen on; stands before HOST')
  .option('--port <number>', 'port to listen on, 0 for any that is free; stands before PORT')
  .option('--no-engine', 'make no images here: the workers of the fleet make them')
  .option('--json', 'tell where it listens as a line of JSON, once it is ready')
  .addHelpText('after', variablesOf('http', 'generation', 'images', 'stores', 'jobs', 'engine', 'telemetry', 'cli'))
  .action(async (options: { host?: string; port?: string; json?: true; engine: boolean }, { args }: Command) => {
    // As the default it is also given what was meant as the name of another one.
    if (args.length > 0) program.error(`Expected a command but received "${args[0]}". \`inkstone --help\` lists them.`);
    const typed = { ...(options.host && { HOST: options.host }), ...(options.port && { PORT: options.port }) };
    await (await import('./cli/serve.js')).serveCommand(settings(typed), options);
  });

program
  .command('sign')
  .description(
    'Sign a recipe: prints the address that gives its image. What it leaves out is taken from its model and written into it.',
  )
  .argument('<recipe>', 'JSON such as {"prompt": "a lighthouse", "seed": 7}; `operation` is generate, edit or refine')
  .option('--key <id>', 'id of the key of RENDER_KEYS that signs; left out, the first')
  .option('--expires <date>', 'when the address ends, rounded up to a day (UTC); left out, never')
  .option('--base <url>', 'what the address begins with; stands before PUBLIC_URL')
  .option('--json', 'print the address, its placeholder and the recipe as JSON')
  .addHelpText('after', variablesOf('http', 'engine'))
  .action(async (recipe: string, options: SignCommandOptions) => {
    await (await import('./cli/sign.js')).signCommand(settings(), recipe, options);
  });

program
  .command('work')
  .description('Make the images of a fleet: take jobs from the shared queue, with an engine of its own.')
  .option('--host <address>', 'address of its probes and metrics; stands before HOST')
  .option('--port <number>', 'port of its probes and metrics, 0 for any that is free; stands before PORT')
  .option('--json', 'tell where its probes are as a line of JSON, once it is ready')
  .addHelpText('after', variablesOf('http', 'generation', 'images', 'jobs', 'stores', 'engine', 'telemetry', 'cli'))
  .action(async (options: { host?: string; port?: string; json?: true }) => {
    const typed = { ...(options.host && { HOST: options.host }), ...(options.port && { PORT: options.port }) };
    await (await import('./cli/work.js')).workCommand(settings(typed), options);
  });

/** Options of every command that makes images. */
const drawing = (command: Command) =>
  command
    .requiredOption('--out <file>', 'where to write it: .png, .jpg, .webp or .avif; - writes PNG to standard output')
    .option('--count <number>', 'images of each prompt, with seeds that count up; several are numbered: cat-1.png', '1')
    .option('--json', 'tell what was made, and with what, as a line of JSON for each prompt')
    .option('--seed <number>', 'decides the noise; left out, one is drawn')
    .option('--steps <number>', "steps of the noise schedule; left out, the model's own")
    .option('--model <name>', 'left out, the first of the catalog that can do it')
    .option(
      '--lora <id or file[:weight]>',
      'a LoRA that the model lists, or a .safetensors file; without a weight 1; may be repeated',
      several,
    )
    .addHelpText('after', variablesOf('engine', 'images', 'cli', 'LOG_LEVEL', 'FETCH_IMAGES', 'FETCH_BYTES'));

/** Options of those that follow words closely. */
const guided = (command: Command) =>
  drawing(command)
    .option('--negative <prompt>', 'what not to draw')
    .option('--guidance <number>', "how strongly to follow the prompt; left out, the model's own")
    .addOption(new Option('--dynamic-guidance', 'scale guidance by how much the prompt asks for').conflicts('guidance'))
    .option(
      '--guidance-normalization <number>',
      'the guided prediction may be at most so many times as long as the unguided one; 0 is no limit',
    )
    .option('--guidance-truncation <number>', 'no guidance once so much of the noise is gone, 0 to 1');

guided(program.command('generate'))
  .description('Draw images into files.')
  .argument('<prompt>', 'what to draw; - reads prompts from standard input, one a line')
  .option('--size <width>x<height>', "pixels, multiples of 16; left out, the model's own")
  .action(async (prompt, options) => (await import('./cli/generate.js')).generateCommand(settings(), prompt, options));

guided(program.command('edit'))
  .description('Change an image: under a mask, or as a whole from a strength, or as the words alone tell.')
  .argument('<image>', 'a file, an address, or - for standard input')
  .argument(
    '<words>',
    'the image as it shall be; for a model that follows instructions, what is to be done; - reads them from standard input, one a line',
  )
  .option('--mask <file>', 'white is repainted, every other pixel stays')
  .option('--strength <number>', '0 keeps the image, 1 ignores it')
  .option('--reference <file>', 'a further image that the words speak of; may be repeated', several)
  .action(async (image, words, options) =>
    (await import('./cli/edit.js')).editCommand(settings(), image, words, options),
  );

drawing(program.command('refine'))
  .description('Improve an image where it needs it, or where a mask or regions say.')
  .argument('<image>', 'a file, an address, or - for standard input')
  .option('--prompt <words>', 'what the image shows; - reads it from standard input')
  .option('--strength <number>', "how much noise it begins with, up to 1; left out, the model's own")
  .option('--mask <file>', 'white is improved')
  .option('--region <x,y,width,height>', 'a rectangle to improve; may be repeated', several)
  .action(async (image, options) => (await import('./cli/refine.js')).refineCommand(settings(), image, options));

program
  .command('quantize')
  .description('Write a checkpoint whose linear layers take fewer bits, and measure what is lost.')
  .argument('<checkpoint>', "a folder in the diffusers layout, or a model's name")
  .requiredOption('--out <folder>', 'where to write it; it must not be there yet')
  .option('--bits <number>', 'of a weight: 8 or 4', '8')
  .option('--block <number>', 'weights that share a scale: 32, 64 or 128', '32')
  .option('--size <width>x<height>', "of the images that measure the loss; left out, the model's own")
  .option('--no-compare', 'draw no images to measure the loss')
  .option('--json', 'tell what was written and lost as a line of JSON')
  .addHelpText('after', variablesOf('engine', 'cli'))
  .action(async (checkpoint, options) =>
    (await import('./cli/quantize.js')).quantizeCommand(settings(), checkpoint, options),
  );

program
  .command('doctor')
  .description(
    'Tell what this machine computes with, which models there are, whether they are whole, and what to do next.',
  )
  .option('--json', 'tell it as JSON')
  .addHelpText('after', variablesOf('engine', 'stores', 'QUEUE_URL', 'DATA_DIR'))
  .action(async (options) => (await import('./cli/doctor.js')).doctorCommand(settings(), options));

const catalog = program.command('catalog').description('Tell a fleet which models its workers have.');

catalog
  .command('publish')
  .description('Publish the models of this machine, as workers do when they start.')
  .addHelpText('after', variablesOf('stores', 'engine', 'DATA_DIR'))
  .action(async () => (await import('./cli/catalog.js')).publishCommand(settings()));

catalog
  .command('retire')
  .description('Offer a model no more.')
  .argument('<model>', 'its id')
  .addHelpText('after', variablesOf('stores', 'DATA_DIR'))
  .action(async (model) => (await import('./cli/catalog.js')).retireCommand(settings(), model));

program
  .command('migrate')
  .description('Bring the database of DATABASE_URL to what this program needs; the others do so when they start.')
  .addHelpText('after', variablesOf('DATABASE_URL'))
  .action(async () => (await import('./cli/migrate.js')).migrateCommand(settings()));

try {
  await program.parseAsync();
} catch (error) {
  // An expected failure is its sentence; an unexpected one is shown with its stack while debugging.
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  const expected = error instanceof ConfigError || name !== 'Error' || !isDebugging();
  console.error(expected ? message : error);
  process.exitCode = name === 'UsageError' ? wrongUsage : 1;
}

/** Collects an option's values. (One that takes several at once would take the command or the prompt after it too.) */
function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** @param typed variables that options stand for */
function settings(typed: Readonly<Record<string, string>> = {}): Settings {
  const { checkpoint = [] } = program.opts<{ checkpoint?: string[] }>();
  // What is typed now comes before what was set once.
  const listed = [...checkpoint, process.env.CHECKPOINTS ?? ''].filter((folder) => folder !== '');
  return readConfig({ ...process.env, CHECKPOINTS: listed.join(delimiter), ...typed });
}
