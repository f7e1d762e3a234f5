"""The schema of stored policy documents: `{"name", "rules": [...]}`, strict, with every fault named by its place."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line
from infra_access.policy import rules as r
from infra_access.policy.condition_json import MAX_CONDITIONS, Problems, parse_condition, parse_day, parse_number
from infra_access.policy.conditions import ALWAYS, Condition, walk
from infra_access.policy.rule_json import effect_type, is_due
from infra_access.policy.wording import Wording

MAX_RULES = 1_000
MAX_DAYS = 3_650
TAKEN = ("appeal", "withheld")
"""Ids that stand for an appeal and for a hidden rule where approvals name the rule behind them, and for no rule."""

REQUEST_FIELDS = tuple(field.value for field in r.RequestField)

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_SCOPE = re.compile(r"network|(country|organisation|facility|route|instrument|tag):[A-Za-z0-9._-]{1,100}")
_MISSING = _("This is missing.")
_NULL = _("This may be left out, but not null.")


def load_policy(document: object, *, scope: str = "network") -> tuple[r.Rule, ...]:
    """Return the rules of a document; a rule that states no scope gets `scope`.

    Raises:
        Invalid: `policy.invalid`; `fields` names each place, such as `rules.3.when.all.0.op`.
    """
    rules = _loaded(document, scope)
    taken: dict[str, list[Text]] = {
        f"rules.{number}.id": [_('The id "${id}" stands for something else. Choose another.', mapping={"id": rule.id})]
        for number, rule in enumerate(rules)
        if rule.id in TAKEN
    }
    if taken:
        raise _unreadable(taken)
    return rules


def load_rules(rules: object, *, scope: str = "network") -> tuple[r.Rule, ...]:
    """Return the rules of a stored list, as `load_policy` does; one stored with an id that is `TAKEN` is read too."""
    return _loaded({"name": "rules", "rules": rules}, scope)


def _loaded(document: object, scope: str) -> tuple[r.Rule, ...]:
    try:
        loaded = _PolicySchema().load(document)  # type: ignore[arg-type]
    except ValidationError as error:
        raise _unreadable(dict(sorted(_by_place(error.messages)))) from None
    rules = tuple(r.Rule(**{"scope": scope, **values}) for values in loaded["rules"])
    _refuse_asking_widely(rules)
    return rules


def _unreadable(fields: Mapping[str, list[Text]]) -> Invalid:
    message = _("This policy cannot be read. Correct the places named; nothing was stored.")
    return Invalid("policy.invalid", message, fields=fields)


def _refuse_asking_widely(rules: Iterable[r.Rule]) -> None:
    """Refuse rules of a network, a country or a tag that ask people for something. Raises Invalid `policy.invalid`."""
    message = _("Only rules of an organisation, a facility, a way in or an instrument may ask this of people.")
    astray: dict[str, list[Text]] = {
        f"rules.{number}.effect.asks": [message]
        for number, rule in enumerate(rules)
        if isinstance(rule.effect, r.Approve) and rule.effect.asks and rule.scope.partition(":")[0] not in r.MAY_ASK
    }
    if astray:
        raise Invalid(
            "policy.invalid",
            _("This policy asks for more than its scope may. Correct the places named; nothing was stored."),
            fields=astray,
        )


def _by_place(messages: object, place: str = "") -> Iterator[tuple[str, list[Text]]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            # marshmallow's "_schema" and our "" both mean the thing itself, not a part of it.
            below = place if key in ("_schema", "") else f"{place}.{key}".lstrip(".")
            yield from _by_place(inner, below)
    elif isinstance(messages, list):
        yield place, messages


class _Strict(Schema):
    error_messages = {  # noqa: RUF012 - so declared by marshmallow
        "unknown": _("There is no such key here."),
        "type": _("This must be an object."),
    }


class _Field(fields.Field[Any]):
    """A field whose standard complaints are translatable."""

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        return ValidationError(_MISSING if key == "required" else _NULL)


class _Line(_Field):
    def __init__(self, most: int, pattern: re.Pattern[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most
        self.pattern = pattern

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(_("Give a text."))
        try:
            text = clean_line(value, field="text", max_length=self.most, required=True)
        except Invalid as invalid:
            raise ValidationError(list(invalid.fields["text"])) from None
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise ValidationError(_("This is not of the right form."))
        return text


class _Choice(_Field):
    def __init__(self, choices: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> StrEnum:
        if isinstance(value, str) and value in set(self.choices):
            return self.choices(value)
        raise ValidationError(_one_of(self.choices))


class _Count(_Field):
    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return value
        bounds = {"least": self.least, "most": self.most}
        raise ValidationError(_("Give a whole number from ${least} to ${most}.", mapping=bounds))


class _YesOrNo(_Field):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise ValidationError(_("Give true or false."))


class _Amount(_Field):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | Decimal:
        try:
            number = parse_number(value)
        except ValueError:
            number = -1
        if number < 0:
            raise ValidationError(_('Give a number of 0 or more; one with a fraction as a text, such as "0.5".'))
        return number


class _Day(_Field):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        try:
            return parse_day(value)
        except ValueError:
            raise ValidationError(_("Give a date such as 2026-05-01.")) from None


class _Several(_Field):
    """A list of 1 to `most` different values, in the order given or, where it means nothing, sorted."""

    def __init__(self, inner: _Field, most: int, least: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner, self.most, self.least = inner, most, least

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            bounds = {"least": self.least, "most": self.most}
            raise ValidationError(_("Give a list of ${least} to ${most} values.", mapping=bounds))
        found, faults = set(), {}
        for n, item in enumerate(value):
            try:
                found.add(self.inner.deserialize(item))
            except ValidationError as error:
                faults[n] = error.messages
        if faults:
            raise ValidationError(faults)
        return tuple(sorted(found))


class _Words(_Field):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Wording:
        if not isinstance(value, Mapping) or not 1 <= len(value) <= 40:
            raise ValidationError(_('Give the sentence by language, such as {"en": "..."}.'))
        line = _Line(600)
        faults: dict[str, Any] = {}
        for locale, text in value.items():
            if not isinstance(locale, str) or not _LOCALE.fullmatch(locale):
                faults[str(locale)] = [_("This is no language code, such as en or pt-BR.")]
                continue
            try:
                line.deserialize(text)
            except ValidationError as error:
                faults[locale] = error.messages
        if faults:
            raise ValidationError(faults)
        return Wording({locale: str(line.deserialize(text)) for locale, text in value.items()})


class _When(_Field):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Condition:
        problems = Problems()
        condition = parse_condition(value, problems)
        if problems.found:
            raise ValidationError(problems.found)
        return condition


class _RequestField(_Field):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value in REQUEST_FIELDS:
            return str(value)
        raise ValidationError(_one_of(REQUEST_FIELDS))


def _one_of(names: Any) -> Text:
    return _("Give one of: ${names}.", mapping={"names": ", ".join(sorted(str(name) for name in names))})


class _EffectSchema(_Strict):
    type = _Line(20, required=True)


class _ApproveSchema(_EffectSchema):
    role = _Line(60, _NAME, required=True)
    scope = _Choice(r.ApprovalScope, required=True)
    stage = _Count(1, 20)
    asks = _Several(_Choice(r.Asking), len(r.Asking))
    review = _YesOrNo()


class _RequireSchema(_EffectSchema):
    kind = _Choice(r.RequirementKind, required=True)
    code = _Line(100, _CODE, required=True)
    stage = _Count(1, 20)
    issuers = _Several(_Line(200), 50)

    @validates_schema(skip_on_field_errors=True)
    def _issuers_of_a_training(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "issuers" in data and data["kind"] is not r.RequirementKind.TRAINING:
            raise ValidationError({"issuers": [_("Only a training has issuers.")]})


class _LimitSchema(_EffectSchema):
    amount = _Amount()
    horizon = _Count(0, MAX_DAYS)
    spans = _Count(0, 10_000)

    @validates_schema(skip_on_field_errors=True)
    def _limits_something(self, data: dict[str, Any], **kwargs: Any) -> None:
        if len(data) == 1:
            raise ValidationError(_("State at least one of amount, horizon and spans."))


class _PreferSchema(_EffectSchema):
    weight = _Count(-1_000, 1_000, required=True)


# Named by from_dict, because a schema keeps its own parts under `fields`.
_MaskSchema = _EffectSchema.from_dict({"fields": _Several(_Line(60, _NAME), 100, required=True)})

_EFFECTS: Mapping[str, tuple[type[Any], type[Schema]]] = {
    "permit": (r.Permit, _EffectSchema),
    "deny": (r.Deny, _EffectSchema),
    "approve": (r.Approve, _ApproveSchema),
    "require": (r.Require, _RequireSchema),
    "limit": (r.Limit, _LimitSchema),
    "mask": (r.Mask, _MaskSchema),
    "prefer": (r.Prefer, _PreferSchema),
}


class _Effect(_Field):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> r.Effect:
        if not isinstance(value, Mapping):
            raise ValidationError(_('Give an object with the type of effect, such as {"type": "permit"}.'))
        name = value.get("type")
        if not isinstance(name, str) or name not in _EFFECTS:
            raise ValidationError({"type": [_one_of(_EFFECTS)]})
        form, schema = _EFFECTS[name]
        arguments = schema().load(value)
        arguments.pop("type")
        effect: r.Effect = form(**arguments)
        return effect


class _RuleSchema(_Strict):
    id = _Line(100, _CODE, required=True)
    version = _Count(1, 1_000_000)
    scope = _Line(120, _SCOPE)
    applies_to = _Several(_Choice(r.Action), len(r.Action), required=True)
    effect = _Effect(required=True)
    message = _Words(required=True)
    when = _When(load_default=ALWAYS)
    grounds = _Choice(r.Grounds)
    legal_ref = _Line(300)
    disclosure = _Choice(r.Disclosure)
    overridable_by = _Line(60, _NAME)
    expected_days = _Count(0, MAX_DAYS)
    latest_days = _Count(0, MAX_DAYS)
    valid_from = _Day()
    valid_to = _Day()
    rests_on = _Several(_RequestField(), len(REQUEST_FIELDS), least=0)

    @validates_schema(skip_on_field_errors=True)
    def _fits_together(self, data: dict[str, Any], **kwargs: Any) -> None:
        faults: dict[str, list[Text]] = {}
        begins, ends = data.get("valid_from"), data.get("valid_to")
        if begins is not None and ends is not None and ends <= begins:
            faults["valid_to"] = [_("The rule would end before it begins.")]
        if is_due(data["effect"]):
            for name in ("expected_days", "latest_days"):
                if name not in data:
                    faults[name] = [_("Say how many days this takes, so that nobody is promised too early a start.")]
        if data.get("expected_days", 0) > data.get("latest_days", 0):
            faults.setdefault("latest_days", [_("The latest days may not be fewer than the expected ones.")])
        grounds = data.get("grounds", r.Grounds.NONE)  # what is stored leaves out that there are none
        if effect_type(data["effect"]) not in ("permit", "prefer") and grounds is r.Grounds.NONE:
            faults["grounds"] = [_("Say on which grounds.")]
        if getattr(data["effect"], "review", None) and set(data["applies_to"]) != {r.Action.REQUEST}:
            faults["applies_to"] = [_("Only a yes to a request has a date of review. Apply this to requests alone.")]
        if getattr(data["effect"], "asks", None) and data.get("disclosure", r.Disclosure.FULL) != r.Disclosure.FULL:
            faults["disclosure"] = [_("Whoever is asked has to be able to read why. Leave this out.")]
        if faults:
            raise ValidationError(faults)


class _PolicySchema(_Strict):
    name = _Line(100, required=True)
    rules = fields.Raw(required=True)

    @post_load
    def _load_rules(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        raw = data["rules"]
        if not isinstance(raw, list) or len(raw) > MAX_RULES:
            message = _("Give a list of at most ${most} rules.", mapping={"most": MAX_RULES})
            raise ValidationError({"rules": [message]})
        loaded, faults, ids, conditions = [], {}, set(), 0
        for n, item in enumerate(raw):
            try:
                rule = _RuleSchema().load(item)
            except ValidationError as error:
                faults[n] = error.messages
                continue
            conditions += sum(1 for _condition in walk(rule["when"]))
            if conditions > MAX_CONDITIONS:
                most = {"most": MAX_CONDITIONS}
                faults[n] = {"when": [_("There are more than ${most} conditions.", mapping=most)]}
                break
            if rule["id"] in ids:
                faults[n] = {"id": [_("Another rule of this document has the same id.")]}
            ids.add(rule["id"])
            loaded.append(rule)
        if faults:
            raise ValidationError({"rules": faults})
        return {**data, "rules": loaded}
