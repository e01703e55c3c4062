export * from '../domain/problem-codes.js';
