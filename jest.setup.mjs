// Loaded before any test file: requiring Nest's ES modules in a cycle fails unless they are in the cache already.
import 'reflect-metadata';
import '@nestjs/common';
import '@nestjs/core';
