import type { Field, StructuralSchema } from './field.ts';

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** 1 and above: shown by `-o wide` only. */
  readonly priority?: number;
}

/** Everything about one kind of custom resource. */
export interface ResourceDefinition {
  readonly kind: string;
  readonly singular: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  /** What the resource is for; first words of its reference page and of `kubectl explain`. */
  readonly description: string;
  readonly spec?: Field<unknown>;
  readonly status?: Field<unknown>;
  readonly columns: readonly PrinterColumn[];
}

/** A `CustomResourceDefinition` of `apiextensions.k8s.io/v1`, as far as it is written here. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: 'Cluster';
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
      readonly categories: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: true;
      readonly storage: true;
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
      readonly subresources?: { readonly status: Readonly<Record<string, never>> };
      readonly additionalPrinterColumns: readonly PrinterColumn[];
    }[];
  };
}

const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

/** The whole object's schema: `spec` must be there, `status` comes later. `apiVersion`, `kind`, `metadata` are implied. */
function objectSchema({ description, spec, status }: ResourceDefinition): StructuralSchema {
  return {
    type: 'object',
    description,
    ...(spec === undefined ? {} : { required: ['spec'] }),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...(spec === undefined ? {} : { spec: spec.schema }),
      ...(status === undefined ? {} : { status: status.schema }),
    },
  };
}

/** The CustomResourceDefinition of a resource in an API group. */
export function customResourceDefinition(
  definition: ResourceDefinition,
  { group, version }: { readonly group: string; readonly version: string },
): CustomResourceDefinition {
  const { kind, plural, singular, shortNames, columns, status } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        // The API server drops an empty list, and kubectl apply would then see a change each time.
        ...(shortNames.length === 0 ? {} : { shortNames }),
        categories: ['fairlead'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: objectSchema(definition) },
          ...(status === undefined ? {} : { subresources: { status: {} } }),
          additionalPrinterColumns: [...columns, AGE],
        },
      ],
    },
  };
}
