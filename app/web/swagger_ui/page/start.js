// Swagger UI fills each field with its parameter's example and would send it. A header or a filter that nobody asked for
// changes what happens, so that the example of an optional parameter is moved into its description.
function withoutPrefilledFields(spec) {
  const operations = Object.values(spec.paths || {}).flatMap((path) => [path, ...Object.values(path)]);
  const own = operations.flatMap((operation) => operation.parameters || []);
  for (const parameter of [...own, ...Object.values(spec.components?.parameters || {})]) {
    const named = parameter.schema?.$ref?.split("/").pop();
    if (named) parameter.schema = { ...spec.components.schemas[named] };
    const example = parameter.example ?? parameter.schema?.example;
    if (parameter.required || example === undefined) continue;
    if (parameter.schema?.default === undefined)
      parameter.description = `${parameter.description || ""}\n\nFor example \`${textOf(example)}\`.`;
    delete parameter.example;
    delete parameter.schema?.example;
    // Otherwise an object of an invented key and value is filled in.
    if (parameter.schema?.type === "object") parameter.schema.default ??= {};
  }
  return spec;
}

const textOf = (value) => (typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : `${value}`);

const OurWay = ({ React }) => ({
  // Swagger UI complains on the console that it has no field for lists of such numbers; the one for texts takes them.
  components: {
    JsonSchema_integer_int64: (props) => React.createElement(props.getComponent("JsonSchema_string"), props),
  },
  statePlugins: {
    spec: { wrapActions: { updateJsonSpec: (update) => (spec) => update(withoutPrefilledFields(spec)) } },
  },
});

// Earlier versions of this page left both parts of the key in the browser.
localStorage.removeItem("authorized");

// What each option means: swagger.io/docs/open-source-tools/swagger-ui/usage/configuration
SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: "../openapi.json",
  plugins: [OurWay],
  // Nothing leaves for the validator of swagger.io.
  validatorUrl: null,
  // Each operation has an address that can be sent to a colleague.
  deepLinking: true,
  // A key that a browser keeps can be read there by whoever uses it next.
  persistAuthorization: false,
  displayRequestDuration: true,
  // Operations stand in the order of the document, which is the order of use; schemas are listed, and closed.
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
});
