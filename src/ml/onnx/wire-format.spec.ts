import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { decodeModel } from './decode.js';
import { encodeModel } from './encode.js';
import { GraphBuilder } from './graph-builder.js';
import { OnnxFormatError } from './model.js';
import type { OnnxAttribute, OnnxModel } from './model.js';
import { int64Tensor, int64Values } from './tensor.js';

function pipeline(): OnnxModel {
  const graph = new GraphBuilder();
  const age = graph.scaler(graph.imputer(graph.input('âge', 'float'), [30]), [10], [-0.5]);
  const city = graph.oneHot(graph.input('city', 'string'), ['a', '', '雪']);
  const job = graph.labelEncode(graph.input('job', 'string'), ['x', 'y'], [1.5, 2], -1);
  const trees = {
    roots: Int32Array.of(0, 3),
    feature: Int32Array.of(4, -1, -1, -1),
    threshold: Float32Array.of(0.1, 0, 0, 0),
    left: Int32Array.of(1, 0, 0, 0),
    right: Int32Array.of(2, 0, 0, 0),
    missingLeft: Uint8Array.of(1, 0, 0, 0),
    values: Float32Array.of(0, 0, 0.5, 0, 0.25, 0.25, 0, 0.5),
    width: 2,
  };
  graph.output('probabilities', graph.treeEnsembleClassifier(graph.concat([age, city, job]), trees, ['no', 'yes']));
  return graph.build('pipeline');
}

/** A model whose only node carries the given attribute. */
function modelWith(attribute: OnnxAttribute): OnnxModel {
  const [node] = pipeline().graph.nodes;
  const graph = { ...pipeline().graph, nodes: [{ ...node!, attributes: [attribute] }] };
  return { ...pipeline(), graph };
}

/** An AttributeProto with one nested message in the given field. */
function nested(field: number, type: number, message: Uint8Array): OnnxAttribute {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string('body');
  writer.tag(field, WireType.LengthDelimited).bytes(message);
  writer.tag(20, WireType.Varint).int32(type);
  return { name: 'body', type: 'OPAQUE', value: writer.finish() };
}

function externalTensor(): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(8, WireType.LengthDelimited).string('weights');
  writer.tag(14, WireType.Varint).int32(1);
  return writer.finish();
}

describe('encodeModel and decodeModel', () => {
  it('write the bytes that onnx.proto prescribes', () => {
    const graph = new GraphBuilder();
    graph.output('y', graph.scaler(graph.input('x', 'float'), [1], [2]));
    const hex = Buffer.from(encodeModel(graph.build('g'))).toString('hex');
    // Written out by hand from the field numbers of onnx.proto, with floats 1 and 2 as 0000803f and 00000040.
    const attribute = (name: string, float: string): string =>
      `2a${(name.length + 11).toString(16).padStart(2, '0')}0a${name.length.toString(16).padStart(2, '0')}` +
      `${Buffer.from(name).toString('hex')}3a04${float}a00106`;
    const node =
      '0a0178' + // input "x"
      '120179' + // output "y"
      `1a08${Buffer.from('Scaler_1').toString('hex')}` +
      `2206${Buffer.from('Scaler').toString('hex')}` +
      attribute('offset', '0000803f') +
      attribute('scale', '00000040') +
      `3a0a${Buffer.from('ai.onnx.ml').toString('hex')}`;
    const sized = (tag: string, body: string): string => tag + (body.length / 2).toString(16).padStart(2, '0') + body;
    // Name, then the tensor type FLOAT [N, 1].
    const value = (name: string): string => `0a01${name}120f0a0d080112090a0312014e0a020801`;
    const graphBody = sized('0a', node) + '120167' + sized('5a', value('78')) + sized('62', value('79'));
    const head =
      `08081206${Buffer.from('boucle').toString('hex')}` +
      '42021011' +
      sized('42', `0a0a${Buffer.from('ai.onnx.ml').toString('hex')}1003`);
    expect(hex).toBe(head + sized('3a', graphBody));
  });

  it('give the same bytes for the same model, also after a round trip', () => {
    const bytes = encodeModel(pipeline());
    expect(encodeModel(pipeline())).toEqual(bytes);
    expect(encodeModel(decodeModel(bytes))).toEqual(bytes);
  });

  it('round-trip any attribute', () => {
    const name = fc.string();
    const integer = fc.maxSafeInteger();
    const float = fc.float();
    const attribute = fc.oneof(
      fc.record({ name, type: fc.constant('FLOAT' as const), value: float }),
      fc.record({ name, type: fc.constant('INT' as const), value: integer }),
      fc.record({ name, type: fc.constant('STRING' as const), value: fc.string({ unit: 'grapheme' }) }),
      fc.record({ name, type: fc.constant('FLOATS' as const), value: fc.array(float) }),
      fc.record({ name, type: fc.constant('INTS' as const), value: fc.array(integer) }),
      fc.record({ name, type: fc.constant('STRINGS' as const), value: fc.array(fc.string({ unit: 'grapheme' })) }),
    );
    fc.assert(
      fc.property(attribute, (given) => {
        const decoded = decodeModel(encodeModel(modelWith(given))).graph.nodes[0]!.attributes[0]!;
        const plain = (value: unknown): unknown => (typeof value === 'object' ? Array.from(value as number[]) : value);
        expect({ ...decoded, value: plain(decoded.value) }).toEqual({ ...given, value: plain(given.value) });
      }),
    );
  });

  it('read lists written one element at a time, as other writers do', () => {
    const writer = new BinaryWriter();
    writer.tag(1, WireType.LengthDelimited).string('values');
    for (const value of [0.5, -1, 2]) writer.tag(7, WireType.Bit32).float(value);
    for (const value of [1, -7, 2 ** 40]) writer.tag(8, WireType.Varint).int64(BigInt(value));
    const attribute = (type: number): OnnxAttribute => {
      const bytes = new Uint8Array([...writer.finish(), 0xa0, 0x01, type]);
      writer.raw(bytes.subarray(0, -3));
      return { name: 'values', type: 'OPAQUE', value: bytes };
    };
    const read = (type: number): unknown => {
      const decoded = decodeModel(encodeModel(modelWith(attribute(type)))).graph.nodes[0]!.attributes[0]!;
      return Array.from(decoded.value as number[]);
    };
    expect(read(6)).toEqual([0.5, -1, 2]);
    expect(read(7)).toEqual([1, -7, 2 ** 40]);
  });

  it('keep integers beyond 2^53 verbatim, out of reach of the kernels', () => {
    const writer = new BinaryWriter();
    writer.tag(1, WireType.LengthDelimited).string('ends');
    writer.tag(3, WireType.Varint).int64(2n ** 63n - 1n);
    writer.tag(20, WireType.Varint).int32(2);
    const bytes = encodeModel(modelWith({ name: 'ends', type: 'OPAQUE', value: writer.finish() }));
    expect(decodeModel(bytes).graph.nodes[0]!.attributes[0]).toMatchObject({ name: 'ends', type: 'OPAQUE' });
    expect(encodeModel(decodeModel(bytes))).toEqual(bytes);
  });

  it('read the values of shape tensors from either field', () => {
    expect(int64Values(int64Tensor('shape', [-1, 3, 2 ** 40]))).toEqual([-1, 3, 2 ** 40]);
    const writer = new BinaryWriter();
    writer.tag(7, WireType.LengthDelimited).fork().int64(-1).int64(3).join();
    expect(int64Values({ name: '', elementType: 7, dims: [2], proto: writer.finish() })).toEqual([-1, 3]);
  });
});

describe('files that are no models', () => {
  it('cut anywhere are named as such', () => {
    const bytes = encodeModel(pipeline());
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeModel(bytes.subarray(0, length))).toThrow(/no complete ONNX model/);
    }
  });

  it('with any bytes changed give a model or the one error', () => {
    const bytes = encodeModel(pipeline());
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(changes, (edits) => {
        const changed = bytes.slice();
        for (const [at, byte] of edits) changed[at] = byte;
        try {
          encodeModel(decodeModel(changed));
        } catch (error) {
          expect(error).toBeInstanceOf(OnnxFormatError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('of random bytes are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeModel(bytes)).toThrow(OnnxFormatError);
      }),
    );
  });

  const places: [string, () => OnnxAttribute][] = [
    ['an attribute', () => nested(5, 4, externalTensor())],
    ['a list of tensors', () => nested(10, 9, externalTensor())],
    ['a sparse tensor', () => nested(22, 11, Uint8Array.of(0x0a, externalTensor().length, ...externalTensor()))],
    ['a subgraph', () => nested(6, 5, Uint8Array.of(0x2a, externalTensor().length, ...externalTensor()))],
  ];
  it.each(places)('with data outside the file, in %s, are refused', (_, attribute) => {
    expect(() => decodeModel(encodeModel(modelWith(attribute())))).toThrow(/"weights".*external_data.*self-contained/);
  });

  it('with an initializer or a function reaching outside the file are refused', () => {
    const model = pipeline();
    const tensor = { name: 'weights', elementType: 1, dims: [], proto: externalTensor() };
    const outside = { ...model, graph: { ...model.graph, initializers: [tensor] } };
    expect(() => decodeModel(encodeModel(outside))).toThrow(/external_data/);
    const attribute = nested(5, 4, externalTensor()).value as Uint8Array;
    const node = new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(attribute).finish();
    const body = new BinaryWriter().tag(7, WireType.LengthDelimited).bytes(node).finish();
    expect(() => decodeModel(encodeModel({ ...model, functions: [body] }))).toThrow(/external_data/);
  });

  it('with subgraphs nested without end are refused', () => {
    let graph: Uint8Array = new Uint8Array(0);
    for (let depth = 0; depth < 50; depth++) {
      const attribute = nested(6, 5, graph).value as Uint8Array;
      const node = new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(attribute).finish();
      graph = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(node).finish();
    }
    expect(() => decodeModel(encodeModel(modelWith(nested(6, 5, graph))))).toThrow(/nested more than 16 levels/);
  });

  it('stay fast with a list in very many pieces', () => {
    const pieces = 300_000;
    const list = new Uint8Array(3 * pieces);
    for (let i = 0; i < list.length; i += 3) list.set([0x42, 0x01, 0x05], i);
    const attribute: OnnxAttribute = { name: '', type: 'OPAQUE', value: new Uint8Array([...list, 0xa0, 0x01, 7]) };
    const bytes = encodeModel(modelWith(attribute));
    const decoded = decodeModel(bytes).graph.nodes[0]!.attributes[0]!;
    expect((decoded.value as ArrayLike<number>).length).toBe(pieces);
  }, 5_000);
});
