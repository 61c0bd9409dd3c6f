"""The OpenAPI document: whole, valid, and saying of each operation what callers need to know."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
import yaml
from connexion.spec import Specification
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from openapi_spec_validator import OpenAPIV30SpecValidator

from app.errors import BadRequest
from app.services.idempotency_keys import read_key
from app.web.openapi import FOLDER, load_spec
from app.web.schemas import plain_schema

SPEC = load_spec()
METHODS = {"get", "put", "post", "patch", "delete"}
HANDLERS = Path(__file__).parents[2] / "app" / "handlers"
PROBLEM = "application/problem+json"
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in SPEC["paths"].items()
    for method, operation in item.items()
    if method in METHODS
}


def for_every_operation(rule: Callable[[str], Iterator[str]]) -> Callable[[], None]:
    """Make one test of a rule, which takes the name of an operation and yields what is wrong with it, in words."""

    def test() -> None:
        wrong = [f"{name}: {what}" for name in OPERATIONS for what in rule(name)]
        assert not wrong, "\n".join(wrong)

    test.__name__, test.__doc__ = rule.__name__, rule.__doc__
    return test


def look_up(reference: str) -> Any:
    node: Any = SPEC
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def follow(node: Any) -> Any:
    return follow(look_up(node["$ref"])) if "$ref" in node else node


def walk(node: Any, place: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document with its place; what stands inside an example is no part of the document."""
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            if key not in ("example", "examples", "enum", "default"):
                yield from walk(value, f"{place}/{key}")
    elif isinstance(node, list):
        for position, item in enumerate(node):
            yield from walk(item, f"{place}/{position}")


def reachable(schema: Any, seen: set[str] | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and everything that it refers to."""
    seen = set() if seen is None else seen
    for place, node in walk(schema):
        if "$ref" not in node:
            yield place, node
        elif node["$ref"] not in seen:
            seen.add(node["$ref"])
            yield from ((node["$ref"] + at.removeprefix("#"), found) for at, found in reachable(follow(node), seen))


def parameters_of(name: str) -> list[Any]:
    _, path, operation = OPERATIONS[name]
    return [follow(p) for p in [*SPEC["paths"][path].get("parameters", []), *operation.get("parameters", [])]]


def answer_schema(name: str) -> Any:
    answer = follow(OPERATIONS[name][2]["responses"].get("200", {}))
    return answer.get("content", {}).get("application/json", {}).get("schema", {})


def closed_to(name: str) -> Any:
    """The one schema of the components with this name, compiled as the service compiles bodies."""
    schema = plain_schema(look_up(f"#/components/schemas/{name}"))
    return jsonschema_rs.Draft4Validator(schema)


# --- The document as a whole


def test_document_is_valid_openapi() -> None:
    OpenAPIV30SpecValidator(SPEC).validate()
    # The framework's own check, defaults included, which the service leaves out when it starts.
    Specification.load(load_spec())


def test_document_is_json() -> None:
    # YAML makes dates and numbers of what is not quoted; status codes and times must have stayed strings.
    assert orjson.loads(orjson.dumps(SPEC)) == SPEC


def test_every_reference_is_internal_and_leads_somewhere() -> None:
    references = [node["$ref"] for _, node in walk(SPEC) if "$ref" in node]
    assert references
    for reference in references:
        assert reference.startswith("#/components/"), reference
        look_up(reference)


def test_nothing_stands_beside_a_reference() -> None:
    assert not [place for place, node in walk(SPEC) if "$ref" in node and len(node) > 1]


def test_every_component_of_the_files_is_used() -> None:
    # In the files and not in the document, where a component that was given words of its own stands without its name.
    named = {name for file in FOLDER.rglob("*.yaml") for name in re.findall(r"\$ref: \S*#/(\w+)", file.read_text())}
    for file in sorted((FOLDER / "components").rglob("*.yaml")):
        unused = set(yaml.safe_load(file.read_text())) - named
        assert not unused, f"{file.relative_to(FOLDER)} holds what nothing refers to: {sorted(unused)}"


def test_both_parts_of_the_key_are_required_together() -> None:
    assert SPEC["security"] == [{"apiKey": [], "apiSecret": []}]
    headers = {name: (s["in"], s["name"]) for name, s in SPEC["components"]["securitySchemes"].items()}
    assert headers == {"apiKey": ("header", "Authentication-Key"), "apiSecret": ("header", "Authentication-Secret")}
    assert not [name for name, (_, _, operation) in OPERATIONS.items() if "security" in operation]


def test_every_tag_is_described_and_used() -> None:
    described = [tag["name"] for tag in SPEC["tags"] if tag["description"]]
    assert set(described) == {operation["tags"][0] for _, _, operation in OPERATIONS.values()}


# --- Operations


@for_every_operation
def test_operations_say_what_they_are(name: str) -> Iterator[str]:
    _, _, operation = OPERATIONS[name]
    if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name):
        yield "the name is not a verb and a noun in snake case"
    if len(operation["tags"]) != 1:
        yield "there is not exactly one tag"
    if not operation["summary"] or operation["summary"].endswith("."):
        yield "the summary is empty or ends in a period"
    if not operation["description"].strip().endswith("."):
        yield "the description does not end in a period"


@for_every_operation
def test_operations_say_who_may_call_them(name: str) -> Iterator[str]:
    _, _, operation = OPERATIONS[name]
    words = {"any": "every caller"}
    roles = operation["x-roles"]
    order = ["image-admin", "reader", "labeler", "reviewer"]
    if roles != ["any"] and (roles[:1] != ["image-admin"] or [role for role in order if role in roles] != roles):
        yield f"x-roles is {roles}"
    is_open_to_session_keys = OPERATIONS[name][2].get("x-session-keys", True)
    if is_open_to_session_keys == (operation["tags"][0] in ("users", "api_keys") or name == "create_session_key"):
        yield "a session key gives access to users, roles and keys, or to less than everything else"
    if "reader" in roles and OPERATIONS[name][0] != "GET":
        yield "a reader changes nothing"
    for role in operation["x-roles"]:
        if words.get(role, role) not in operation["description"].lower():
            yield f"the description does not name {role}"


@for_every_operation
def test_operations_document_what_can_go_wrong(name: str) -> Iterator[str]:
    method, path, operation = OPERATIONS[name]
    wanted = {"400", "401", "503"}
    if operation["x-roles"] != ["any"]:
        wanted.add("403")
    if "{" in path or any(parameter["name"] == "page" for parameter in parameters_of(name)):
        wanted.add("404")
    if "requestBody" in operation:
        wanted |= {"413", "415"}
    if method != "GET":
        # What a retry with the header Idempotency-Key may meet.
        wanted |= {"409", "422"}
    documented = set(operation["responses"])
    if wanted - documented:
        yield f"the answers {sorted(wanted - documented)} are missing"
    if not documented & {"200", "303"}:
        yield "no answer is a success"
    if "requestBody" not in operation and documented & {"413", "415"}:
        yield "it documents errors of a body and takes none"


@for_every_operation
def test_errors_are_problems_with_a_fitting_example(name: str) -> Iterator[str]:
    for status, reference in OPERATIONS[name][2]["responses"].items():
        if int(status) >= 400:
            answer = follow(reference)
            if list(answer["content"]) != [PROBLEM]:
                yield f"{status} is not {PROBLEM}"
                continue
            if answer["content"][PROBLEM]["schema"] != {"$ref": "#/components/schemas/Problem"}:
                yield f"the schema of {status} is not Problem"
            if answer["content"][PROBLEM]["example"]["status"] != int(status):
                yield f"the example of {status} has another status"
            if not answer["description"]:
                yield f"{status} has no description"
            if ("Retry-After" in answer.get("headers", {})) != (status in ("409", "429", "503")):
                yield f"{status} has Retry-After where it must not, or lacks it"


@for_every_operation
def test_operations_give_the_causes_of_their_own_errors(name: str) -> Iterator[str]:
    for status in set(OPERATIONS[name][2]["responses"]) & {"404", "409", "412", "422"}:
        if "$ref" in OPERATIONS[name][2]["responses"][status]:
            yield f"say in a `description` beside the reference when it answers {status}"


@for_every_operation
def test_reading_says_that_it_changes_nothing(name: str) -> Iterator[str]:
    method, _, operation = OPERATIONS[name]
    if (method == "GET") != ("changes nothing" in operation["description"].lower()):
        yield "a GET does not say that it changes nothing, or another method does"


@for_every_operation
def test_every_form_of_an_answer_has_an_example(name: str) -> Iterator[str]:
    forms = answer_schema(name).get("oneOf", [])
    media = OPERATIONS[name][2]["responses"].get("200", {}).get("content", {}).get("application/json", {})
    given = media.get("examples", {})
    if len(given) != len(forms):
        yield f"the answer has {len(forms)} forms and the examples {list(given)}"


@for_every_operation
def test_path_ids_are_positive_64_bit_integers(name: str) -> Iterator[str]:
    _, path, _ = OPERATIONS[name]
    ids = {p["name"]: p["schema"] for p in parameters_of(name) if p["in"] == "path"}
    if set(ids) != set(re.findall(r"{(\w+)}", path)):
        yield f"the path {path} has the parameters {list(ids)}"
    for parameter, schema in ids.items():
        if parameter == "name":
            # A name is the last segment of its path, which routing relies on.
            if not path.endswith("/{name}") or len(ids) > 1:
                yield f"the name is not the only parameter, at the end of {path}"
        elif schema != {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}:
            yield f"{parameter} has the schema {schema}"


@for_every_operation
def test_preference_is_offered_where_the_answer_is_ok(name: str) -> Iterator[str]:
    answers_ok = {"$ref": "#/components/schemas/Ok"} in answer_schema(name).get("oneOf", [])
    offered = any(p["in"] == "header" and p["name"] == "Prefer" for p in parameters_of(name))
    headers = follow(OPERATIONS[name][2]["responses"].get("200", {})).get("headers", {})
    if not answers_ok == offered == ("Preference-Applied" in headers):
        yield "Ok as an answer, the header Prefer and the header Preference-Applied do not come together"


def test_bulk_routes_take_larger_bodies() -> None:
    bulk = {name for name, (_, _, operation) in OPERATIONS.items() if operation.get("x-bulk")}
    wanted = {
        name
        for name, (method, path, _) in OPERATIONS.items()
        if (method == "POST" and path.endswith(("}/images", "/images/remove")))
        or (method == "PUT" and path.endswith(("/objects", "/drafts", "/reviews")))
        or (method == "PATCH" and path == "/images")
        or name in FILES
    }
    assert bulk == wanted


def test_defaults_of_pages() -> None:
    for name, (_, path, _) in OPERATIONS.items():
        named = {p["name"]: p["schema"] for p in parameters_of(name) if p["in"] == "query"}
        # A listing of the storage has no numbered pages.
        assert ("page" in named) == ("per_page" in named) or name == "list_uploads"
        if "page" in named:
            assert (named["page"]["minimum"], named["page"]["default"]) == (1, 1)
            is_long = path.startswith(("/campaigns/{", "/snapshots/{")) and path.endswith(("/images", "/objects"))
            default = 1000 if is_long else 10
            assert [named["per_page"][key] for key in ("minimum", "maximum", "default")] == [1, 5000, default]


@for_every_operation
def test_words_in_a_query_are_without_nul(name: str) -> Iterator[str]:
    for parameter in parameters_of(name):
        schema = follow(parameter["schema"])
        is_text = schema.get("type") == "string" and not {"enum", "format"} & set(schema)
        if parameter["in"] == "query" and is_text and jsonschema_rs.Draft4Validator(schema).is_valid("a\0"):
            yield f"{parameter['name']} takes the character NUL"


def test_pattern_of_idempotency_keys_is_the_one_that_counts() -> None:
    pattern = look_up("#/components/parameters/IdempotencyKey")["schema"]["pattern"]
    validator = jsonschema_rs.Draft4Validator({"type": "string", "pattern": pattern})
    inner = ["", "a", " ", "a b", " a", "a ", '"', 'a"', "x" * 255, "x" * 256, "ö", "a\tb", "a\0", "a\n", "\x7f", "~!"]
    for key in [*inner, *(f'"{word}"' for word in inner), '"a', 'a"', '"']:
        try:
            read_key(key)
        except BadRequest:
            assert not validator.is_valid(key), key
        else:
            assert validator.is_valid(key), key


@for_every_operation
def test_links_lead_on_from_what_is_there(name: str) -> Iterator[str]:
    """Each gives all ids of the path it leads to, from the request's own path or from a place in the answer."""
    known = {p["name"] for p in parameters_of(name) if p["in"] == "path"}
    answer = OPERATIONS[name][2]["responses"].get("200", {})
    for link in map(follow, follow(answer).get("links", {}).values()):
        _, path, target = OPERATIONS[link["operationId"]]
        if set(link["parameters"]) != set(re.findall(r"{(\w+)}", path)):
            yield f"the link to {link['operationId']} gives {sorted(link['parameters'])} for {path}"
        for expression in link["parameters"].values():
            source, _, place = expression.partition("#/")
            if source == "$response.body":
                found = is_promised(answer_schema(name), place.split("/"))
            else:
                found = source.removeprefix("$request.path.") in known
            if not found:
                yield f"the link to {link['operationId']} takes {expression}, which is not there"
        if "requestBody" in link:
            body = target.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            schema = plain_schema(follow(body)) | {"components": plain_schema(SPEC["components"])}
            for error in jsonschema_rs.Draft4Validator(schema).iter_errors(link["requestBody"]):
                yield f"the body of the link to {link['operationId']}: {error.message}"


def is_promised(schema: Any, place: list[str]) -> bool:
    """Whether answers of this schema may have something at this place."""
    schema = follow(schema)
    forms = [form for key in ("oneOf", "anyOf", "allOf") for form in schema.get(key, [])]
    if not place or any(is_promised(form, place) for form in forms):
        return True
    inner = schema.get("items") if place[0].isdecimal() else schema.get("properties", {}).get(place[0])
    return inner is not None and is_promised(inner, place[1:])


def test_spec_and_handlers_are_the_same_list() -> None:
    """Read, not imported, so that this runs without any setting."""
    written = {}
    for file in HANDLERS.glob("[a-z]*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                written[node.name] = (file.stem, (ast.get_docstring(node) or "").split("\n")[0])
    promised = {name: (op["tags"][0], f"{method} {path}") for name, (method, path, op) in OPERATIONS.items()}
    assert written == promised


# --- Schemas

# Whose body is a file, which is no JSON.
FILES = {name for name, (_, _, operation) in OPERATIONS.items() if operation.get("x-file")}


@for_every_operation
def test_request_bodies_are_closed(name: str) -> Iterator[str]:
    body = OPERATIONS[name][2].get("requestBody")
    if body is None:
        return
    if name in FILES:
        if body["content"]["*/*"]["schema"]["format"] != "binary" or len(body["content"]) != 1:
            yield "the body is a file, and is not described as one"
        return
    if body["required"] is not True and "required" in follow(body["content"]["application/json"]["schema"]):
        yield "the body may be left out, and something in it may not"
    if list(body["content"]) != ["application/json"]:
        yield f"the body is {list(body['content'])}"
    for place, schema in reachable(body["content"]["application/json"]["schema"]):
        if "properties" in schema and schema.get("additionalProperties") is not False:
            yield f"{place} is open"


@for_every_operation
def test_request_bodies_are_bounded(name: str) -> Iterator[str]:
    body = OPERATIONS[name][2].get("requestBody")
    bounds = {
        "string": {"maxLength", "enum"},
        "array": {"maxItems"},
        "integer": {"maximum"},
        "number": {"maximum"},
    }
    of_json = body and name not in FILES
    for place, schema in reachable(body["content"]["application/json"]["schema"]) if of_json else ():
        kind = schema.get("type")
        if isinstance(kind, str) and kind in bounds and not bounds[kind] & set(schema):
            yield f"{place} has no upper bound"


# These keys come only when `expand` asks for them.
EXPANDED = {"download_url", "thumbnail_url", "preview_url"}
EXPANDED_BY_OPERATION = {"list_campaign_images": {"filesize", "sha256"}, "list_snapshot_images": {"export_path"}}


@for_every_operation
def test_answers_always_have_all_their_keys(name: str) -> Iterator[str]:
    for place, schema in reachable(answer_schema(name)):
        if isinstance(schema.get("properties"), dict):
            wanted = set(schema["properties"]) - EXPANDED - EXPANDED_BY_OPERATION.get(name, set())
            if set(schema.get("required", [])) != wanted:
                yield f"{place} requires {schema.get('required', [])} and not {sorted(wanted)}"


def test_every_schema_and_property_is_described() -> None:
    for name, schema in SPEC["components"]["schemas"].items():
        assert schema.get("description"), name
        for place, node in walk(schema, name):
            for key, value in node.get("properties", {}).items() if place.rpartition("/")[2] != "properties" else ():
                assert "$ref" in value or value.get("description"), f"{place}: {key}"


def test_times_end_in_z() -> None:
    times = [(place, node) for place, node in walk(SPEC["components"]["schemas"]) if node.get("format") == "date-time"]
    assert times
    for place, node in times:
        if node["example"] is None:
            assert node["nullable"], place
        else:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", node["example"]), place


def examples() -> Iterator[tuple[str, Any, Any]]:
    """Every example of the document with its place and its schema."""
    for place, node in walk(SPEC):
        if place.endswith("/properties"):
            continue
        schema = node.get("schema", node)
        if "example" in node:
            yield place, schema, node["example"]
        for name, example in node.get("examples", {}).items():
            yield f"{place}/examples/{name}", schema, follow(example)["value"]


def test_examples_fit_their_schemas() -> None:
    wrong, count = [], 0
    for place, schema, example in examples():
        count += 1
        # References are looked up in the document that is checked against, so that the components ride along.
        whole = {"allOf": [schema], "components": SPEC["components"]}
        errors = OAS30Validator(whole, format_checker=oas30_format_checker).iter_errors(example)
        wrong += [f"{place}: {error.message}" for error in errors]
    assert not wrong, "\n".join(wrong)
    assert count > 300


def test_pattern_of_labels_takes_any_script() -> None:
    pattern = look_up("#/components/schemas/NewObject")["properties"]["label"]["pattern"]
    validator = jsonschema_rs.Draft4Validator({"type": "string", "pattern": pattern})
    labels = ["PET", "ö", "Ü b-3, (x)", "塑料", "🥤", "x" * 128, " "]
    assert [label for label in labels if not re.search(pattern, label) or not validator.is_valid(label)] == []


def test_an_image_is_named_by_exactly_one_of_id_and_path() -> None:
    validator = closed_to("ImageReference")
    good: list[Any] = [{"id": 1}, {"id": 2**63 - 1}, {"filepath": "/a/b.jpg"}]
    bad: list[Any] = [
        {}, {"id": 1, "filepath": "a"}, {"id": 0}, {"id": 2**63}, {"id": 1.0}, {"id": True}, {"id": None},
        {"filepath": ""}, {"filepath": "a\x00"}, {"id": 1, "x": 2}, {"x": 2},
    ]  # fmt: skip
    assert [reference for reference in good if not validator.is_valid(reference)] == []
    assert [reference for reference in bad if validator.is_valid(reference)] == []


# --- The bundler


def test_words_beside_a_reference_make_the_component_the_operations_own(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        openapi="""
            paths: {/trees: {$ref: "trees.yaml#/trees"}}
            x-every-response: {headers: {X-Request-ID: {schema: {type: string}}}}
        """,
        trees="""
            trees: {get: {responses: {
                "404": {$ref: "components/responses.yaml#/NotFound", description: There is no such tree.},
                "503": {$ref: "components/responses.yaml#/Unavailable"}}}}
        """,
        components__responses="""
            NotFound: {description: There is no such thing., headers: {A: {schema: {type: integer}}}}
            Unavailable: {description: Later.}
        """,
    )
    request_id = {"X-Request-ID": {"schema": {"type": "string"}}}
    document = load_spec(folder)
    assert document["paths"]["/trees"]["get"]["responses"] == {
        "404": {
            "description": "There is no such tree.",
            "headers": {"A": {"schema": {"type": "integer"}}} | request_id,
        },
        "503": {"$ref": "#/components/responses/Unavailable"},
    }
    assert document["components"] == {"responses": {"Unavailable": {"description": "Later.", "headers": request_id}}}


def write(folder: Path, **files: str) -> Path:
    (folder / "openapi" / "components").mkdir(parents=True)
    for name, content in files.items():
        path = folder / "openapi" / (name.replace("__", "/") + ".yaml")
        path.write_text(content)
    return folder / "openapi"


def test_names_of_components_are_kept_and_a_schema_may_refer_to_itself(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        openapi='paths: {/trees: {$ref: "trees.yaml#/trees"}}',
        trees='trees: {get: {$ref: "components/schemas.yaml#/Tree"}}',
        components__schemas='Tree: {properties: {left: {$ref: "#/Tree"}}}',
    )
    tree = {"$ref": "#/components/schemas/Tree"}
    assert load_spec(folder) == {
        "paths": {"/trees": {"get": tree}},
        "components": {"schemas": {"Tree": {"properties": {"left": tree}}}},
    }


@pytest.mark.parametrize("reference", ["trees.yaml#/bushes", "bushes.yaml#/trees", "../outside.yaml#/trees", "#/trees"])
def test_reference_to_nothing_names_file_and_pointer(tmp_path: Path, reference: str) -> None:
    (tmp_path / "outside.yaml").write_text("trees: {}")
    folder = write(tmp_path, openapi=f'paths: {{/trees: {{$ref: "{reference}"}}}}', trees="trees: {}")
    with pytest.raises(ValueError, match=re.escape(f"openapi/openapi.yaml refers to {reference}")):
        load_spec(folder)


def test_two_components_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "openapi" / "components" / "schemas").mkdir(parents=True)
    for name in ("oaks", "elms"):
        (tmp_path / "openapi" / "components" / "schemas" / f"{name}.yaml").write_text("Tree: {}")
    references = '[{$ref: "components/schemas/oaks.yaml#/Tree"}, {$ref: "components/schemas/elms.yaml#/Tree"}]'
    (tmp_path / "openapi" / "openapi.yaml").write_text(f"paths: {references}")
    with pytest.raises(ValueError, match=re.escape("Tree stands in openapi/components/schemas/oaks.yaml and in")):
        load_spec(tmp_path / "openapi")
