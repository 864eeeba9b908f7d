/**
 * Every GraphQL document that the GraphiQL page ships. They stand in one place so that a test can validate them
 * against the printed schema: an example that no longer works is worse than none.
 */
export interface Example {
  readonly query: string;
  readonly variables?: string;
}

/** What the sign-in panel sends. */
export const sessionOperations = {
  signIn: `mutation Login($email: String!, $password: String!) {
  login(input: { email: $email, password: $password }) {
    accessToken
    refreshToken
  }
}`,
  refresh: `mutation Refresh($refreshToken: String!) {
  refresh(input: { refreshToken: $refreshToken }) {
    accessToken
    refreshToken
  }
}`,
  signOut: `mutation Logout {
  logout
}`,
} as const;

function variables(values: Record<string, unknown>): string {
  return JSON.stringify(values, null, 2);
}

/** The tabs of a first visit, in the order in which somebody new would try them. */
export const examples: readonly Example[] = [
  {
    // The first tab has no variables: GraphiQL shows those of a default tab only after the reader has changed tabs.
    query: `# Sign in first: the key in the left bar.
# Run: Ctrl-Enter. Complete: Ctrl-Space.
query Me {
  me {
    id
    email
    role
  }
}
`,
  },
  {
    query: `# What the sign-in panel and a script do.
# Send the access token in a header:
# Authorization: Bearer …
${sessionOperations.signIn}
`,
    variables: variables({ email: 'you@example.com', password: '' }),
  },
  {
    query: `query Datasets {
  datasets(first: 10) {
    nodes {
      id
      name
      latestVersion {
        number
        rows
        createdAt
      }
    }
  }
}
`,
  },
  {
    query: `query Models {
  models(first: 10) {
    nodes {
      name
      task
      champion {
        version
        algorithm
      }
    }
  }
}
`,
  },
  {
    query: `mutation StartTraining($input: StartTrainingInput!) {
  startTraining(input: $input) {
    id
    algorithm
    state
  }
}
`,
    variables: variables({
      input: { model: 'seattle-weather', algorithms: ['LOGISTIC_REGRESSION', 'RANDOM_FOREST'], seed: 42 },
    }),
  },
  {
    query: `mutation Predict($input: PredictInput!) {
  predict(input: $input) {
    model {
      name
      version
      algorithm
    }
    predictions {
      id
      value
      probabilities
    }
  }
}
`,
    variables: variables({
      input: {
        model: 'seattle-weather',
        rows: [{ precipitation: 10.9, temp_max: 10.6, temp_min: 2.8, wind: 4.5 }],
      },
    }),
  },
];
