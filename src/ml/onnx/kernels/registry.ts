import { ML_DOMAIN } from '../model.js';
import { cast, concat, featureVectorizer, identity, imputer, normalizer, reshape, scaler } from './columns.js';
import { add, divide, exp, multiply, sigmoid, subtract } from './elementwise.js';
import { labelEncoder, oneHotEncoder } from './encoders.js';
import type { CompiledForest } from './forest.js';
import type { NodeReader, Operator } from './kernel.js';
import { linearClassifier, linearRegressor } from './linear.js';
import { classifierForest, regressorForest, treeEnsembleClassifier, treeEnsembleRegressor } from './trees.js';

/** The compiled subset: operator by domain and name. Whatever else a graph holds is ONNX Runtime's. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ['.Add', add],
  ['.Cast', cast],
  ['.Concat', concat],
  ['.Div', divide],
  ['.Exp', exp],
  ['.Identity', identity],
  ['.Mul', multiply],
  ['.Reshape', reshape],
  ['.Sigmoid', sigmoid],
  ['.Sub', subtract],
  [`${ML_DOMAIN}.FeatureVectorizer`, featureVectorizer],
  [`${ML_DOMAIN}.Imputer`, imputer],
  [`${ML_DOMAIN}.LabelEncoder`, labelEncoder],
  [`${ML_DOMAIN}.LinearClassifier`, linearClassifier],
  [`${ML_DOMAIN}.LinearRegressor`, linearRegressor],
  [`${ML_DOMAIN}.Normalizer`, normalizer],
  [`${ML_DOMAIN}.OneHotEncoder`, oneHotEncoder],
  [`${ML_DOMAIN}.Scaler`, scaler],
  [`${ML_DOMAIN}.TreeEnsembleClassifier`, treeEnsembleClassifier],
  [`${ML_DOMAIN}.TreeEnsembleRegressor`, treeEnsembleRegressor],
]);

/** For the operators among them that walk trees: what compiles those, before anything is known about the input. */
export const forestCompilers: ReadonlyMap<string, (node: NodeReader) => CompiledForest> = new Map([
  [`${ML_DOMAIN}.TreeEnsembleClassifier`, classifierForest],
  [`${ML_DOMAIN}.TreeEnsembleRegressor`, regressorForest],
]);
