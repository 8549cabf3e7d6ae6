"""The shape of an OTLP request for logs, as it is published."""

# opentelemetry/proto/{logs,common,resource}/v1/*.proto as JSON has them: lowerCamelCase, 64-bit numbers as strings,
# enumerations as numbers.
_INT64 = {"type": "string", "pattern": r"^-?\d{1,19}$"}
_UINT64 = {"type": "string", "pattern": r"^\d{1,20}$"}
_TEXT = {"type": "string"}


def _message(**fields):
    return {"type": "object", "additionalProperties": False, "properties": fields}


def _many(name):
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


PUBLISHED = {
    **_message(resourceLogs=_many("ResourceLogs")),
    "required": ["resourceLogs"],
    "$defs": {
        "ResourceLogs": _message(
            resource=_message(attributes=_many("KeyValue"), droppedAttributesCount={"type": "integer"}),
            scopeLogs=_many("ScopeLogs"),
            schemaUrl=_TEXT,
        ),
        "ScopeLogs": _message(
            scope=_message(name=_TEXT, version=_TEXT, attributes=_many("KeyValue")),
            logRecords=_many("LogRecord"),
            schemaUrl=_TEXT,
        ),
        "LogRecord": _message(
            timeUnixNano=_UINT64,
            observedTimeUnixNano=_UINT64,
            severityNumber={"type": "integer", "minimum": 1, "maximum": 24},
            severityText=_TEXT,
            body={"$ref": "#/$defs/AnyValue"},
            attributes=_many("KeyValue"),
            droppedAttributesCount={"type": "integer"},
            flags={"type": "integer"},
            traceId={"type": "string", "pattern": "^[0-9a-fA-F]{32}$"},
            spanId={"type": "string", "pattern": "^[0-9a-fA-F]{16}$"},
            eventName=_TEXT,
        ),
        "KeyValue": {
            **_message(key={"type": "string", "minLength": 1}, value={"$ref": "#/$defs/AnyValue"}),
            "required": ["key", "value"],
        },
        "AnyValue": {
            **_message(
                stringValue=_TEXT,
                boolValue={"type": "boolean"},
                intValue=_INT64,
                doubleValue={"type": "number"},
                arrayValue=_message(values=_many("AnyValue")),
                kvlistValue=_message(values=_many("KeyValue")),
                bytesValue=_TEXT,
            ),
            "minProperties": 1,
            "maxProperties": 1,
        },
    },
}  # fmt: skip
