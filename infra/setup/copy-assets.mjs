// The page is served as it is written: static files laid beside the compiled server.
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const target = join(root, 'dist/src/page');
rmSync(target, { recursive: true, force: true });
cpSync(join(root, 'src/page'), target, { recursive: true });
