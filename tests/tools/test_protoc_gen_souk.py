"""tools/protoc-gen-souk: what it refuses, and that its C says what the contract says."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ["souk/common/v1/options.proto", "souk/common/v1/types.proto"]
CONTRACTS += ["souk/inventory/v1/inventory.proto", "souk/inventory/v1/events.proto"]
EVERYTHING = "souk/fuzz/v1/everything.proto"
STREAMS = "souk/lab/v1/lab.proto"
GOOGLE = ["google/api/annotations.proto", "google/api/http.proto", "google/api/httpbody.proto"]
GOOGLE += [f"google/protobuf/{name}.proto" for name in ("any", "descriptor", "timestamp")]
WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wmissing-prototypes",
    "-Wstrict-prototypes",
    "-Wshadow",
]


def protoc(*arguments: str, path: Sequence[Path] = ()) -> subprocess.CompletedProcess[str]:
    includes = [*path, ROOT / "proto", ROOT / "tests/fuzz", ROOT / "tests/servers/rpc_lab"]
    includes += [Path(sysconfig.get_paths()["purelib"]), Path("/usr/include")]
    return subprocess.run(
        ["protoc", *(f"-I{include}" for include in includes), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )


def plugin(out: Path, *protos: str, path: Sequence[Path] = ()) -> subprocess.CompletedProcess[str]:
    out.mkdir(exist_ok=True)
    which = f"--plugin=protoc-gen-souk={ROOT / 'tools/protoc-gen-souk'}"
    return protoc(which, f"--souk_out={out}", *protos, path=path)


def try_contract(folder: Path, body: str, name: str = "souk/x/v1/x.proto") -> str:
    """What the plugin says against `body` in a file of its own: nothing when all is well."""
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_text(
        f'syntax = "proto3"; package {".".join(Path(name).parent.parts)};'
        'import "google/api/annotations.proto"; import "google/protobuf/struct.proto";'
        'import "souk/common/v1/options.proto"; import "souk/common/v1/types.proto";' + body
    )
    said = plugin(folder / "out", name, path=[folder]).stderr
    return "".join(line for line in said.splitlines(True) if "is unused" not in line)


def contract(
    policy: str = "roles: ROLE_SERVICE",
    request: str = "",
    *,
    signature: str = "(AskRequest) returns (AskResponse)",
    method: str = "",
    more: str = "",
) -> str:
    """A service with one method, sound but for what a test puts in."""
    return (
        f"service AskService {{ rpc Ask{signature} {{"
        f"option (souk.common.v1.policy) = {{{policy}}}; {method} }} }}"
        f"message AskRequest {{ {request} }} message AskResponse {{}} {more}"
    )


def field(declaration: str, limits: str) -> str:
    return f"message M {{ {declaration} = 1 [(souk.common.v1.field) = {{{limits}}}]; }}"


def event(
    route: str,
    fields: str = "int64 id = 1; string name = 2; repeated int64 ids = 3; int64 version = 4;",
) -> str:
    return f"message Happened {{ option (souk.common.v1.event) = {{{route}}}; {fields} }}"


HTTP = 'option (google.api.http) = {get: "/v1/ask"};'
BARE = "service AskService { rpc Ask(AskRequest) returns (AskResponse); }"
NO_POLICY = BARE + "message AskRequest {} message AskResponse {}"
MUTATES = "roles: ROLE_SERVICE mutates: true"
GOOD_EVENT = 'type: "thing.happened" topic: "thing" key: '

REFUSED = {
    "no policy": (NO_POLICY, "AskService.Ask: has no policy"),
    "no roles": (contract("deadline_ms: 5"), "AskService.Ask: lists no roles"),
    "unspecified role": (
        contract("roles: ROLE_UNSPECIFIED", method=HTTP),
        "ROLE_UNSPECIFIED is nobody",
    ),
    "mutates without request_id": (contract(MUTATES), "AskRequest needs `string request_id`"),
    "request_id of another type": (
        contract(MUTATES, "int64 request_id = 1;"),
        "AskRequest needs `string request_id`",
    ),
    "list of request_ids": (
        contract(MUTATES, "repeated string request_id = 1;"),
        "AskRequest needs `string request_id`",
    ),
    "long request_id": (
        contract(MUTATES, "string request_id = 1 [(souk.common.v1.field).max_len = 65];"),
        "AskService.Ask: request_id is longer than 64",
    ),
    "request_id that nobody needs": (
        contract(request="string request_id = 1;"),
        "AskService.Ask: has a request_id but mutates nothing",
    ),
    "public stream": (
        contract(
            "roles: [ROLE_CUSTOMER, ROLE_SERVICE]",
            signature="(AskRequest) returns (stream AskResponse)",
            method=HTTP,
        ),
        "AskService.Ask: streams and is open to more than services",
    ),
    "stream of more than an hour": (
        contract(
            "roles: ROLE_SERVICE deadline_ms: 3600001",
            signature="(stream AskRequest) returns (AskResponse)",
        ),
        "deadline_ms is not between 1 and 3600000",
    ),
    "stream that mutates without request_id": (
        contract(MUTATES, signature="(stream AskRequest) returns (AskResponse)"),
        "AskRequest needs `string request_id`",
    ),
    "deadline 0": (contract("roles: ROLE_SERVICE deadline_ms: 0"), "deadline_ms is not between"),
    "deadline 60001": (
        contract("roles: ROLE_SERVICE deadline_ms: 60001"),
        "deadline_ms is not between",
    ),
    "weight 0": (contract("roles: ROLE_SERVICE weight: 0"), "weight is below 1"),
    "public without http": (
        contract("roles: [ROLE_SERVICE, ROLE_CUSTOMER]"),
        "AskService.Ask: is open to more than services and has no google.api.http",
    ),
    "signed without http": (contract("roles: ROLE_PUBLIC_SIGNED"), "has no google.api.http"),
    "service with http": (contract(method=HTTP), "AskService.Ask: is for services only"),
    "request of another file": (
        contract(signature="(souk.common.v1.Money) returns (AskResponse)"),
        "its request is declared in another file",
    ),
    "answer of another file": (
        contract(signature="(AskRequest) returns (souk.common.v1.Money)"),
        "its answer is declared in another file",
    ),
    "service without its name": (
        contract().replace("AskService", "Asks"),
        "Asks: is not called SomethingService",
    ),
    "proto3 optional": ("message M { optional int64 a = 1; }", "M.a: proto3 `optional` is unknown"),
    "field called base": ("message M { int64 base = 1; }", "M.base: protoc-c calls the start"),
    "recursive request": (
        contract(request="Node node = 1;", more="message Node { repeated Node nodes = 1; }"),
        "AskService.Ask: cannot be asked: AskRequest.Node.Node is recursive",
    ),
    "recursion by two": (
        contract(request="A a = 1;", more="message A { B b = 1; } message B { A a = 1; }"),
        "AskRequest.A.B.A is recursive",
    ),
    "recursion of others": (
        contract(request="google.protobuf.Value value = 1;"),
        "AskService.Ask: cannot be asked",
    ),
    "map": (contract(request="map<string, int64> counts = 1;"), "AskRequest.counts is a map"),
    "map inside": (
        contract(request="A a = 1;", more="message A { map<string, int64> counts = 1; }"),
        "AskRequest.A.counts is a map",
    ),
    "double": (contract(request="double price = 1;"), "AskRequest.price is no integer"),
    "answer in a request": (
        contract(request="AskResponse answer = 1;"),
        "AskRequest.AskResponse is an answer",
    ),
    "event in a request": (
        contract(request="Happened event = 1;", more=event(GOOD_EVENT + '"id"')),
        "AskRequest.Happened is an event",
    ),
    "event without type": (event('topic: "thing" key: "id"'), "Happened: the event's type is not"),
    "event type of one word": (
        event('type: "thing" topic: "t" key: "id"'),
        "the event's type is not",
    ),
    "event type of four words": (
        event('type: "a.b.c.d" topic: "t" key: "id"'),
        "the event's type is not",
    ),
    "event type in capitals": (
        event('type: "A.b" topic: "t" key: "id"'),
        "the event's type is not",
    ),
    "event without topic": (event('type: "a.b" key: "id"'), "Happened: the event has no topic"),
    "event without key": (event('type: "a.b" topic: "t"'), 'Happened: the event\'s key ""'),
    "event with an unknown key": (event(GOOD_EVENT + '"what"'), 'key "what" is no int64 field'),
    "event with a text as key": (event(GOOD_EVENT + '"name"'), 'key "name" is no int64 field'),
    "event with a list as key": (event(GOOD_EVENT + '"ids"'), 'key "ids" is no int64 field'),
    "event without version": (
        event(GOOD_EVENT + '"id"', "int64 id = 1;"),
        "Happened: the event has no `int64 version` of what it tells of",
    ),
    "event with another version": (
        event(GOOD_EVENT + '"id"', "int64 id = 1; string version = 2;"),
        "Happened: the event has no `int64 version`",
    ),
    "two events of one type": (
        event(GOOD_EVENT + '"id"') + event(GOOD_EVENT + '"id"').replace("Happened", "Again"),
        "thing.happened: several events have this type",
    ),
    "limits in an event": (
        event(
            GOOD_EVENT + '"id"',
            "int64 id = 1 [(souk.common.v1.field).required = true]; int64 version = 2;",
        ),
        "Happened.id: limits are for requests",
    ),
    "limits in an answer": (
        field("int64 a", "min: 1").replace("message M", "message MResponse"),
        "MResponse.a: limits are for requests",
    ),
    "max_len of a number": (
        field("int64 a", "max_len: 5"),
        "M.a: max_len is for a string or bytes",
    ),
    "min of a string": (field("string a", "min: 0"), "M.a: min is for an integer"),
    "max of an enum": (field("souk.common.v1.Delivery a", "max: 2"), "M.a: max is for an integer"),
    "max of a double": (field("double a", "max: 2"), "M.a: max is for an integer"),
    "min of a bool": (field("bool a", "min: 1"), "M.a: min is for an integer"),
    "pattern of bytes": (field("bytes a", 'pattern: "^a$"'), "M.a: pattern is for a string"),
    "min_items of one": (field("int64 a", "min_items: 1"), "M.a: min_items is for a list"),
    "max_items of one": (field("string a", "max_items: 9"), "M.a: max_items is for a list"),
    "max_len of a message": (field("souk.common.v1.Money a", "max_len: 9"), "M.a: max_len is for"),
    "required bool": (field("bool a", "required: true"), "M.a: a required bool could only be true"),
    "required in a oneof": (
        "message M { oneof o { int64 a = 1 [(souk.common.v1.field).required = true]; } }",
        "M.a: a member of a oneof cannot be required",
    ),
    "min above max": (field("int64 a", "min: 5 max: 4"), "M.a: min is above max"),
    "max below 0 and no min": (field("int64 a", "max: -1"), "M.a: min is above max"),
    "min below uint32": (field("uint32 a", "min: -1"), "M.a: the range is wider than the type"),
    "max above int32": (
        field("int32 a", "max: 2147483648"),
        "M.a: the range is wider than the type",
    ),
    "max_len 0": (field("string a", "max_len: 0"), "M.a: max_len is below 1"),
    "max_items 0": (field("repeated string a", "max_items: 0"), "M.a: max_items is below 1"),
    "min_items above max_items": (
        field("repeated string a", "min_items: 3 max_items: 2"),
        "M.a: min_items is not between 0 and max_items (2)",
    ),
    "pattern without anchor": (
        field("string a", 'pattern: "[a-z]+"'),
        "M.a: pattern is not anchored",
    ),
    "limits of a nested message": (
        f"message Outer {{ {field('int64 a', 'max_len: 1')} }}",
        "Outer.M.a: max_len is for a string or bytes",
    ),
    "reason without prefix": (
        "enum ErrorReason { ERROR_REASON_UNSPECIFIED = 0; SOLD_OUT = 1; }",
        "ErrorReason.SOLD_OUT: does not start with ERROR_REASON_",
    ),
    "reasons inside a message": (
        "message M { enum ErrorReason { ERROR_REASON_UNSPECIFIED = 0; } }",
        "ErrorReason: reasons are declared outside of messages",
    ),
    "one name in C for two": (
        "message OuterInner {} message Outer { message Inner {} }",
        "outer_inner: several messages or enums have this name in C",
    ),
}

ACCEPTED = {
    "as little as can be": contract(),
    "mutation": contract(MUTATES, "string request_id = 1;"),
    "longest deadline": contract("roles: ROLE_SERVICE deadline_ms: 60000 weight: 9"),
    "server stream": contract(signature="(AskRequest) returns (stream AskResponse)"),
    "client stream": contract(
        MUTATES, "string request_id = 1;", signature="(stream AskRequest) returns (AskResponse)"
    ),
    "stream of both, an hour": contract(
        "roles: ROLE_SERVICE deadline_ms: 3600000",
        signature="(stream AskRequest) returns (stream AskResponse)",
    ),
    "public": contract("roles: [ROLE_ANONYMOUS, ROLE_SERVICE]", method=HTTP),
    "signed": contract("roles: ROLE_PUBLIC_SIGNED", method=HTTP),
    "map and recursion outside of requests": contract(
        more="message Node { Node node = 1; map<string, double> prices = 2; }"
    ),
    "limits wherever they belong": field(
        "repeated uint64 a", "min: 1 max: 9 min_items: 1 max_items: 9"
    )
    + field("repeated bool a", "required: true").replace("message M", "message N"),
    "event": event('type: "thing.has.happened" topic: "thing.work-queue" key: "id"'),
    "no service": "message Alone {}",
}


@pytest.mark.parametrize(("body", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(tmp_path: Path, body: str, told: str) -> None:
    error = try_contract(tmp_path, body)

    assert told in error
    assert "Traceback" not in error
    assert error.startswith("--souk_out: souk/x/v1/x.proto: ")
    assert error.count("\n") == 1


OPS = "souk/ops/v1/x.proto"


@pytest.mark.parametrize(
    "body",
    [contract("roles: ROLE_OPERATOR", method=HTTP), contract("roles: [ROLE_CUSTOMER]")],
)
def test_what_many_services_serve_is_for_operators_alone(tmp_path: Path, body: str) -> None:
    said = try_contract(tmp_path, body, OPS)
    assert "AskService.Ask: is served by many services: for ROLE_OPERATOR alone" in said


def test_what_many_services_serve_is_not_for_the_gateway(tmp_path: Path) -> None:
    assert not try_contract(tmp_path, contract("roles: ROLE_OPERATOR"), OPS)


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepts(tmp_path: Path, body: str) -> None:
    assert not try_contract(tmp_path, body)
    assert (tmp_path / "out/souk/x/v1/x.types.c").exists()


def test_tells_every_breach_at_once(tmp_path: Path) -> None:
    error = try_contract(tmp_path, NO_POLICY + field("int64 a", "max_len: 5 min_items: 1"))

    assert "AskService.Ask: has no policy" in error
    assert "M.a: max_len is for a string or bytes" in error
    assert "M.a: min_items is for a list" in error


def test_makes_nothing_for_contracts_of_others(tmp_path: Path) -> None:
    assert not try_contract(tmp_path, NO_POLICY, name="other/x/v1/x.proto")
    assert not list((tmp_path / "out").rglob("*.c"))


def test_makes_the_same_whatever_else_it_makes(tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    for proto in CONTRACTS:
        assert plugin(alone, proto).returncode == 0
    assert plugin(together, *reversed(CONTRACTS), EVERYTHING).returncode == 0

    made = [file.relative_to(alone) for file in alone.rglob("*") if file.is_file()]
    assert len(made) == 2 * len(CONTRACTS) + 4
    for file in made:
        assert (alone / file).read_bytes() == (together / file).read_bytes()


def test_header_says_what_the_contract_says_of_a_method(tmp_path: Path) -> None:
    body = contract(more="// Of nothing.").replace(
        "rpc Ask(", "\n// First line.\n//\n// Ends here: */ int x; /*\nrpc Ask("
    )
    assert not try_contract(tmp_path, body)

    header = (tmp_path / "out/souk/x/v1/x.rpc.h").read_text()
    said = "/*\n * First line.\n *\n * Ends here: * / int x; / *\n */\n"
    assert f"{said}MUST_USE SUSPENDS struct status ask_ask(struct request *rq" in header


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every contract in C, with protoc-c's part, and an rpc_client.h to call through."""
    out = tmp_path_factory.mktemp("gen")
    made = plugin(out, *CONTRACTS, EVERYTHING, STREAMS)
    assert made.returncode == 0, made.stderr
    made = protoc(f"--c_out={out}", *CONTRACTS, EVERYTHING, STREAMS, *GOOGLE)
    assert made.returncode == 0, made.stderr
    (out / "io").mkdir()
    (out / "io/rpc_client.h").write_text(
        """#pragma once
        #include "io/contract.h"
        struct rpc_client;
        struct rpc_call;
        struct status rpc_client_call(struct rpc_client *client, struct rpc_call *call,
                                      const struct rpc_method *method, const ProtobufCMessage *in,
                                      ProtobufCMessage **ret);
        """
    )
    return out


def compile_c(compiler: str, generated: Path, *arguments: object) -> None:
    flags = ["-std=gnu17", "-D_GNU_SOURCE", f"-I{generated}", f"-I{ROOT / 'libcommon'}"]
    done = subprocess.run(
        [compiler, *flags, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def ours(generated: Path, suffix: str) -> list[Path]:
    files = [
        file
        for kind in ("types", "rpc", "client")
        for file in generated.rglob(f"*.{kind}.{suffix}")
    ]
    assert files
    return files


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_compiles_without_a_warning(generated: Path, compiler: str) -> None:
    compile_c(compiler, generated, *WARNINGS, "-O1", "-fsyntax-only", *ours(generated, "c"))


def test_headers_stand_alone(generated: Path, tmp_path: Path) -> None:
    for number, header in enumerate(ours(generated, "h")):
        source = tmp_path / f"{number}.c"
        source.write_text(f'#include "{header.relative_to(generated)}"\n')
        compile_c("gcc", generated, *WARNINGS, "-fsyntax-only", source)


def run_c(
    compiler: str, generated: Path, folder: Path, source: str, sources: Iterable[Path] = ()
) -> list[str]:
    """What a program with the tables and more `sources` prints."""
    main = folder / "main.c"
    main.write_text(source)
    sources = [
        *sources,
        *generated.rglob("*.types.c"),
        *generated.rglob("*.pb-c.c"),
        *(ROOT / "libcommon/base" / f"{name}.c" for name in ("status", "str", "mem", "arena")),
    ]
    program = folder / "main"
    compile_c(compiler, generated, "-O1", main, *sources, "-lprotobuf-c", "-o", program)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


FACTS = r"""
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "souk/common/v1/types.types.h"
#include "souk/fuzz/v1/everything.types.h"
#include "souk/inventory/v1/events.types.h"
#include "souk/inventory/v1/inventory.types.h"

static void show(const struct pb_message_rule *rule)
{
    printf("%s %zu\n", rule->name, rule->size);
    for (size_t i = 0; i < rule->field_count; i++) {
        const struct pb_field_rule *f = &rule->fields[i];
        printf("%s.%s #%" PRIu32 "%s%s%s", rule->name, f->name, f->number,
               f->repeated ? " list" : "", f->required ? " required" : "",
               f->in_oneof ? " oneof" : "");
        if (f->has_range)
            printf(" %" PRId64 "..%" PRId64, f->min, f->max);
        printf(" len %" PRIu32 " items %" PRIu32 "..%" PRIu32, f->max_len, f->min_items,
               f->max_items);
        printf(" %s %s %s\n", f->pattern ? f->pattern->text : "-",
               f->values ? f->values->name : "-", f->message ? f->message->name : "-");
    }
}

int main(void)
{
    show(&put_numbers_request_rule);
    show(&put_texts_request_rule);
    show(&put_texts_request_line_rule);
    show(&choose_request_rule);
    show(&ping_request_rule);
    show(&set_stock_request_rule);
    show(put_texts_request_rule.fields[6].message);
    printf("sizes %d\n", put_numbers_request_rule.size == sizeof(PutNumbersRequest));

    const struct rpc_method *m = &everything_put_numbers_method;
    printf("%s %s\n", m->path, m->name);
    printf("roles %x mutates %d at %d %u ms weight %u rule %d reasons %d\n", m->roles, m->mutates,
           m->request_id_offset == offsetof(PutNumbersRequest, request_id), m->deadline_ms,
           m->weight, m->in_rule == &put_numbers_request_rule, m->reasons != NULL);
    m = &everything_put_texts_method;
    printf("%s roles %x mutates %d %u ms weight %u\n", m->name, m->roles, m->mutates,
           m->deadline_ms, m->weight);
    m = &inventory_get_stock_method;
    printf("%s %s\n", m->in->name, m->out->name);
    printf("%zu reasons: %s %s\n", m->reasons->count, m->reasons->reasons[0], REASON_SOLD_OUT);

    const struct event_type *e = &inventory_released_event;
    printf("%s %s %s key %d\n", e->type, e->topic, e->message->name,
           e->key_offset == offsetof(InventoryReleased, reservation_id));

    ChooseRequest choose;
    choose_request_init(&choose);
    choose.choice_case = CHOOSE_REQUEST_CHOICE_NUMBER;
    const ChooseRequestChoiceCase none = CHOOSE_REQUEST_CHOICE_NOT_SET;
    const PutTextsRequestLineKind kind = PUT_TEXTS_REQUEST_LINE_KIND_PLAIN;
    const StockModel model = STOCK_MODEL_UNLIMITED;
    printf("aliases %d %d %d %d %s\n", choose.choice_case, none, kind, model,
           choose.base.descriptor->name);
    return 0;
}
"""

NUMBERS = "souk.fuzz.v1.PutNumbersRequest"
TEXTS = "souk.fuzz.v1.PutTextsRequest"
INT64_MAX = 2**63 - 1
WANTED = [
    f"{NUMBERS}.request_id #1 required len 64 items 0..0 - - -",
    f"{NUMBERS}.i32 #2 -5..5 len 0 items 0..0 - - -",
    f"{NUMBERS}.i64 #3 required 1..{INT64_MAX} len 0 items 0..0 - - -",
    f"{NUMBERS}.u32 #4 0..4000000000 len 0 items 0..0 - - -",
    f"{NUMBERS}.u64_open #6 0..{INT64_MAX} len 0 items 0..0 - - -",
    f"{NUMBERS}.flag #13 len 0 items 0..0 - - -",
    f"{NUMBERS}.level #14 required len 0 items 0..0 - souk.fuzz.v1.Level -",
    f"{NUMBERS}.i32s #21 list 1..{INT64_MAX} len 0 items 0..4 - - -",
    f"{NUMBERS}.sf64s #25 list len 0 items 1..3 - - -",
    f"{NUMBERS}.levels #1000 list len 0 items 0..3 - souk.fuzz.v1.Level -",
    f"{TEXTS}.data #2 required len 5 items 0..0 - - -",
    f"{TEXTS}.texts #3 list len 3 items 0..3 ^[a-z]+$ - -",
    f"{TEXTS}.line #5 required len 0 items 0..0 - - souk.fuzz.v1.PutTextsRequest.Line",
    f"{TEXTS}.body #8 len 0 items 0..0 - - google.api.HttpBody",
    f"{TEXTS}.Line.price #3 len 0 items 0..0 - - souk.common.v1.Money",
    "souk.fuzz.v1.ChooseRequest.number #1 oneof 5..6 len 0 items 0..0 - - -",
    "souk.fuzz.v1.ChooseRequest.note #7 len 256 items 0..0 - - -",
    "souk.inventory.v1.SetStockRequest.request_id #1 required len 64 items 0..0 - - -",
    f"souk.inventory.v1.SetStockRequest.version #5 0..{INT64_MAX} len 0 items 0..0 - - -",
    "google.protobuf.Timestamp.nanos #2 0..999999999 len 0 items 0..0 - - -",
    "sizes 1",
    "/souk.fuzz.v1.EverythingService/PutNumbers PutNumbers",
    "roles 40 mutates 1 at 1 2000 ms weight 3 rule 1 reasons 0",
    "PutTexts roles c0 mutates 0 1000 ms weight 1",
    "souk.inventory.v1.GetStockRequest souk.inventory.v1.GetStockResponse",
    "11 reasons: SKU_UNKNOWN SOLD_OUT",
    "inventory.released inventory.hold souk.inventory.v1.InventoryReleased key 1",
    "aliases 1 0 1 2 souk.fuzz.v1.ChooseRequest",
]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_tables_say_what_the_contract_says(generated: Path, tmp_path: Path, compiler: str) -> None:
    said = run_c(compiler, generated, tmp_path, FACTS)

    assert [line for line in WANTED if line not in said] == []
    line = [text for text in said if text.startswith(f"{TEXTS}.Line.")]
    assert [text.split()[1] for text in line] == ["#1", "#2", "#3", "#4"]  # title is declared first


CALLS = r"""
#include <stdio.h>

#include "io/rpc_client.h"
#include "souk/fuzz/v1/everything.client.h"
#include "souk/fuzz/v1/everything.rpc.h"

#define HANDLER(method, Method)                                                                   \
    struct status everything_##method(struct request *rq, const Method##Request *in,              \
                                      Method##Response *ret)                                      \
    {                                                                                             \
        const bool is_own = in->base.descriptor == everything_##method##_method.in;               \
        printf(#method " %d %d %d\n", rq != NULL, is_own, ret != NULL);                           \
        return STATUS_OK;                                                                         \
    }
HANDLER(put_numbers, PutNumbers)
HANDLER(put_texts, PutTexts)
HANDLER(choose, Choose)
HANDLER(ping, Ping)

static ProtobufCMessage the_answer;

struct status rpc_client_call(struct rpc_client *client, struct rpc_call *call,
                              const struct rpc_method *method, const ProtobufCMessage *in,
                              ProtobufCMessage **ret)
{
    printf("%s %d\n", method->name, in->descriptor == method->in);
    if (!client || !call)
        return status_error(CODE_UNAVAILABLE, NULL, "nobody there");
    *ret = &the_answer;
    return STATUS_OK;
}

int main(void)
{
    const struct rpc_service *service = &everything_rpc_service;
    printf("%s %s %zu\n", service->name, service->domain, service->method_count);
    for (size_t i = 0; i < service->method_count; i++) {
        ProtobufCMessage in = {.descriptor = service->methods[i]->in}, ret;
        const struct status st = service->handlers[i]((struct request *)&in, &in, &ret);
        printf("%s %d\n", service->methods[i]->name, status_ok(&st));
    }

    PingRequest ping;
    ping_request_init(&ping);
    PingResponse *answer = NULL;
    struct status st = everything_client_ping(NULL, NULL, &ping, &answer);
    printf("%s, answer %s\n", code_name(st.code), answer ? "lost" : "untouched");

    struct rpc_client *client = (struct rpc_client *)&ping;
    st = everything_client_ping(client, (struct rpc_call *)client, &ping, &answer);
    printf("%s %d\n", code_name(st.code), (void *)answer == (void *)&the_answer);
    return 0;
}
"""


def test_calls_reach_their_handler_and_come_back_typed(generated: Path, tmp_path: Path) -> None:
    sides = [generated / f"souk/fuzz/v1/everything.{side}.c" for side in ("rpc", "client")]

    assert run_c("gcc", generated, tmp_path, CALLS, sides) == [
        "souk.fuzz.v1.EverythingService souk.fuzz 4",
        "put_numbers 1 1 1",
        "PutNumbers 1",
        "put_texts 1 1 1",
        "PutTexts 1",
        "choose 1 1 1",
        "Choose 1",
        "ping 1 1 1",
        "Ping 1",
        "Ping 1",
        "UNAVAILABLE, answer untouched",
        "Ping 1",
        "OK 1",
    ]


def test_patterns_arrive_letter_for_letter(generated: Path, tmp_path: Path) -> None:
    pattern = r'^"\\[?][?]=é\.$'
    quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
    assert not try_contract(tmp_path, field("string a", f'pattern: "{quoted}"'))
    out = tmp_path / "out"
    assert (
        protoc(
            f"--c_out={out}", "souk/x/v1/x.proto", "google/protobuf/struct.proto", path=[tmp_path]
        ).returncode
        == 0
    )

    main = tmp_path / "main.c"
    main.write_text(
        '#include <stdio.h>\n#include "souk/x/v1/x.types.h"\n'
        "int main(void) { puts(m_rule.fields[0].pattern->text); }"
    )
    sources = [*generated.rglob("google/**/*.pb-c.c"), *out.rglob("google/**/*.pb-c.c")]
    sources += [*generated.rglob("common/**/*.pb-c.c"), *out.rglob("souk/**/*.c")]
    compile_c("gcc", generated, f"-I{out}", main, *sources, "-lprotobuf-c", "-o", tmp_path / "main")
    said = subprocess.run([tmp_path / "main"], capture_output=True, check=True).stdout
    assert said.decode() == pattern + "\n"
