# Functions over lists.
{ lib }:
let
  inherit (builtins)
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    isList
    length
    ;
in
rec {
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    isList
    length
    map
    partition
    sort
    tail
    ;

  singleton = value: [ value ];
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  toList = value: if isList value then value else [ value ];
  flatten = value: if isList value then concatMap flatten value else [ value ];
  remove = value: filter (other: other != value);
  unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];
  reverseList = list: genList (index: elemAt list (length list - index - 1)) (length list);
  imap0 = f: list: genList (index: f index (elemAt list index)) (length list);
  imap1 = f: list: genList (index: f (index + 1) (elemAt list index)) (length list);
  sublist =
    start: count: list:
    genList (index: elemAt list (index + start)) (
      lib.max 0 (lib.min count (length list - start))
    );
  take = count: sublist 0 count;
  drop = count: list: sublist count (length list) list;
  last = list: assert lib.assertMsg (list != [ ]) "lists.last: list must not be empty!"; elemAt list (length list - 1);
  init = list: assert lib.assertMsg (list != [ ]) "lists.init: list must not be empty!"; take (length list - 1) list;
  range = first: last: if first > last then [ ] else genList (index: first + index) (last - first + 1);
  findFirst =
    matches: default: list:
    let
      found = filter matches list;
    in
    if found == [ ] then default else builtins.head found;
  subtractLists = remove: filter (value: !(elem value remove));
  intersectLists = list: filter (value: elem value list);
  zipListsWith =
    f: one: two:
    genList (index: f (elemAt one index) (elemAt two index)) (lib.min (length one) (length two));
  foldr =
    operator: nul: list:
    foldl' (result: value: operator value result) nul (reverseList list);
  naturalSort = builtins.sort (one: two: builtins.compareVersions one two < 0);
}
