import { builder } from './builder.js';
import './scalars.js';
import './enums.js';
import './problems.js';
import './model.js';
import './image.js';
import './generation.js';
import './generate.js';
import './edit.js';
import './refine.js';
import './render-address.js';
import './progress.js';
import './advice.js';

export { type Context, type Cursor, newCursor } from './builder.js';

export const schema = builder.toSchema();
