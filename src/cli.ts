#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { Command } from 'commander';
import { ConfigError, readConfig, type Settings } from './config.js';

// Each command is loaded when it is asked for: `--help` should not wait for the engine.
const program = new Command('inkstone')
  .description('A GraphQL image API with an edge cache, for the Z-Image family of diffusion models.')
  .version(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version)
  .option(
    '--checkpoint <folder>',
    'a checkpoint folder in the diffusers layout, which becomes the default; may be repeated',
    several,
  )
  .addHelpText(
    'after',
    `
Example: inkstone generate "a rocket above a castle, night sky background" --out rocket.png
Settings such as PORT, HOST, DATA_DIR and ACCESS_KEY are environment variables; README.md lists them.`,
  );

program
  .command('serve', { isDefault: true })
  .description('Serve the API, its pictures and a page to try it.')
  .allowExcessArguments()
  .action(async (_options, { args }: Command) => {
    // As the default it is also given what was meant as the name of another one.
    if (args.length > 0) program.error(`Expected a command but received "${args[0]}". \`inkstone --help\` lists them.`);
    await (await import('./commands/serve.js')).serveCommand(settings());
  });

/** Options of every command that makes a picture. */
const drawing = (command: Command) =>
  command
    .requiredOption('--out <file>', 'where to write it: .png, .jpg, .webp or .avif')
    .option('--seed <number>', 'decides the noise; left out, one is drawn')
    .option('--steps <number>', "forwards of the model; left out, the model's own")
    .option('--model <name>', 'left out, the first of the catalog that can do it')
    .option(
      '--lora <id:weight>',
      'an addition that the model lists; the weight may be left out; may be repeated',
      several,
    );

/** Options of those that follow words closely. */
const guided = (command: Command) =>
  drawing(command)
    .option('--guidance <number>', "how strongly to follow the prompt; left out, the model's own")
    .option('--negative <prompt>', 'what not to draw');

guided(program.command('generate'))
  .description('Draw one picture into a file.')
  .argument('<prompt>', 'what to draw')
  .option('--size <width>x<height>', "pixels, multiples of 16; left out, the model's own")
  .action(async (prompt, options) =>
    (await import('./commands/generate.js')).generateCommand(settings(), prompt, options),
  );

guided(program.command('edit'))
  .description('Change a picture: under a mask, or as a whole from a strength, or as the words alone tell.')
  .argument('<image>', 'a file, or an address')
  .argument('<words>', 'the picture as it shall be; for a model that follows instructions, what is to be done')
  .option('--mask <file>', 'white is repainted, every other pixel stays')
  .option('--strength <number>', '0 keeps the picture, 1 ignores it')
  .option('--reference <file>', 'a further picture that the words speak of; may be repeated', several)
  .action(async (image, words, options) =>
    (await import('./commands/edit.js')).editCommand(settings(), image, words, options),
  );

drawing(program.command('refine'))
  .description('Improve a picture where it needs it, or where a mask or regions say.')
  .argument('<image>', 'a file, or an address')
  .option('--prompt <words>', 'what the picture shows')
  .option('--strength <number>', "how much noise it begins with, up to 1; left out, the model's own")
  .option('--mask <file>', 'white is improved')
  .option('--region <x,y,width,height>', 'a rectangle to improve; may be repeated', several)
  .action(async (image, options) => (await import('./commands/refine.js')).refineCommand(settings(), image, options));

program
  .command('quantize')
  .description('Write a checkpoint whose linear layers take fewer bits, and measure what is lost.')
  .argument('<checkpoint>', "a folder in the diffusers layout, or a model's name")
  .requiredOption('--out <folder>', 'where to write it; it must not be there yet')
  .option('--bits <number>', 'of a weight: 8 or 4', '8')
  .option('--block <number>', 'weights that share a scale: 32, 64 or 128', '32')
  .option('--size <width>x<height>', "of the pictures that measure the loss; left out, the model's own")
  .option('--no-compare', 'draw no pictures to measure the loss')
  .action(async (checkpoint, options) =>
    (await import('./commands/quantize.js')).quantizeCommand(settings(), checkpoint, options),
  );

program
  .command('doctor')
  .description(
    'Tell what this machine computes with, which models there are, whether they are whole, and what to do next.',
  )
  .action(async () => (await import('./commands/doctor.js')).doctorCommand(settings()));

try {
  await program.parseAsync();
} catch (error) {
  // A sentence is for people; what nobody expected is for whoever mends it.
  const expected =
    error instanceof Error &&
    (error instanceof ConfigError || error.name !== 'Error' || (process.env.DEBUG ?? '') === '');
  console.error(expected ? (error as Error).message : error);
  process.exitCode = 1;
}

/** Collects an option's values. (One that takes several at once would take the command or the prompt after it too.) */
function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function settings(): Settings {
  const { checkpoint = [] } = program.opts<{ checkpoint?: string[] }>();
  // What is typed now comes before what was set once.
  const listed = [...checkpoint, process.env.CHECKPOINTS ?? ''].filter((folder) => folder !== '');
  return readConfig({ ...process.env, CHECKPOINTS: listed.join(delimiter) });
}
