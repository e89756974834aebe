"""What things of a .proto are called in C: by protoc-c 1.4.1, and by us, without the package."""

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    EnumValueDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    OneofDescriptor,
    ServiceDescriptor,
)

Type = Descriptor | EnumDescriptor

REASON_PREFIX = "ERROR_REASON_"

# protoc-c puts an underscore behind these.
KEYWORDS = frozenset(
    """
    and and_eq asm auto bitand bitor bool break case catch char class compl const const_cast
    continue default delete do double dynamic_cast else enum explicit extern false float for friend
    goto if inline int long mutable namespace new not not_eq operator or or_eq private protected
    public register reinterpret_cast return short signed sizeof static static_cast struct switch
    template this throw true try typedef typeid typename union unsigned using virtual void volatile
    wchar_t while xor xor_eq
    """.split()
)


def snake(camel: str) -> str:
    """set_stock for SetStock; like protoc-c, which puts no underscore inside a run of capitals."""
    text = ""
    was_upper = True
    for letter in camel:
        if letter.isupper() and not was_upper:
            text += "_"
        text += letter.lower()
        was_upper = letter.isupper()
    return text


def camel(name: str) -> str:
    """InventoryV1 for inventory_v1; what is camel already stays."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def pb_type(of: Type | OneofDescriptor) -> str:
    """Souk__Inventory__V1__Stock."""
    return "__".join(camel(piece) for piece in of.full_name.split("."))


def pb_lower(of: Type) -> str:
    """souk__inventory__v1__stock, the start of protoc-c's function names."""
    return "__".join(snake(piece) for piece in of.full_name.split("."))


def pb_upper(of: Type) -> str:
    """SOUK__INVENTORY__V1__STOCK, the start of protoc-c's constants."""
    return pb_lower(of).upper()


def pb_member(field: FieldDescriptor) -> str:
    """The field in protoc-c's struct."""
    name = field.name.lower()
    return name + "_" if name in KEYWORDS else name


def pb_header(file: FileDescriptor) -> str:
    """Made by protoc-c."""
    return stem(file) + ".pb-c.h"


def pieces(of: Type) -> list[str]:
    """[Outer, Inner] for a message inside a message."""
    outer = of.containing_type
    return [*(pieces(outer) if outer else []), of.name]


def short_type(of: Type) -> str:
    """SetStockRequest; OuterInner for a message inside a message."""
    return "".join(pieces(of))


def short_lower(of: Type) -> str:
    """set_stock_request, the start of our functions and tables."""
    return "_".join(snake(piece) for piece in pieces(of))


def short_upper(of: Type) -> str:
    """SET_STOCK_REQUEST, the start of our constants."""
    return short_lower(of).upper()


def stem(file: FileDescriptor) -> str:
    """souk/inventory/v1/inventory."""
    return file.name.removesuffix(".proto")


def types_header(file: FileDescriptor) -> str:
    """Made by us."""
    return stem(file) + ".types.h"


def reason(value: EnumValueDescriptor) -> str:
    """SKU_UNKNOWN for ERROR_REASON_SKU_UNKNOWN: the word on the wire."""
    return value.name.removeprefix(REASON_PREFIX)


def reason_list(enum: EnumDescriptor) -> str:
    """souk_inventory_v1_reasons."""
    return f"{enum.file.package.replace('.', '_')}_reasons"


def event(message: Descriptor) -> str:
    """inventory_changed_event."""
    return f"{short_lower(message)}_event"


def domain(file: FileDescriptor) -> str:
    """souk.inventory for souk.inventory.v1: what ErrorInfo calls the source of a reason."""
    return file.package.rpartition(".")[0]


def service_prefix(service: ServiceDescriptor) -> str:
    """What every symbol of a service starts with: inventory for InventoryService."""
    return snake(service.name.removesuffix("Service"))


def method_path(method: MethodDescriptor) -> str:
    """/souk.inventory.v1.InventoryService/SetStock."""
    return f"/{method.containing_service.full_name}/{method.name}"


def handler(method: MethodDescriptor) -> str:
    """inventory_set_stock."""
    return f"{service_prefix(method.containing_service)}_{snake(method.name)}"


def client_stub(method: MethodDescriptor) -> str:
    """inventory_client_set_stock."""
    return f"{service_prefix(method.containing_service)}_client_{snake(method.name)}"


def server_send(method: MethodDescriptor) -> str:
    """inventory_watch_send, for the side that serves."""
    return f"{handler(method)}_send"


def server_recv(method: MethodDescriptor) -> str:
    return f"{handler(method)}_recv"


def client_send(method: MethodDescriptor) -> str:
    """inventory_client_watch_send, for the side that calls."""
    return f"{client_stub(method)}_send"


def client_recv(method: MethodDescriptor) -> str:
    return f"{client_stub(method)}_recv"


def client_answer(method: MethodDescriptor) -> str:
    return f"{client_stub(method)}_answer"


def method(of: MethodDescriptor) -> str:
    """inventory_set_stock_method."""
    return f"{handler(of)}_method"


def rpc_service(service: ServiceDescriptor) -> str:
    """inventory_rpc_service."""
    return f"{service_prefix(service)}_rpc_service"
