import type { Device } from '../../domain/device.js';
import { cpu } from './cpu.js';
import { cuda } from './cuda.js';
import type { Target } from './target.js';
import { webgpu, webgpuFloat32 } from './webgpu.js';

export const targets: Readonly<Record<Device, Target>> = { cpu, cuda, webgpu, 'webgpu-float32': webgpuFloat32 };
