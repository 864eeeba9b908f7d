import { availableParallelism } from 'node:os';

export default {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: true }] },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@willsoto/nestjs-prometheus$': '<rootDir>/test/support/nestjs-prometheus.mjs',
  },
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'text', 'cobertura'],
  collectCoverageFrom: ['src/**/*.ts'],
  testTimeout: 60_000,
  // Many files wait for processes more than they compute.
  maxWorkers: Math.max(3, availableParallelism() - 1),
};
