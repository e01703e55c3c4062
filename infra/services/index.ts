export { startNginx } from './nginx.js';
export { startPostgres } from './postgres.js';
export { startRedis } from './redis.js';
export { type S3, startS3 } from './s3.js';
export { freePort, installed, type Service } from './service.js';
