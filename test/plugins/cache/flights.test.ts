import t from "tap";
import { Flights } from "../../../plugins/cache/flights.ts";

const limits = { patience: 100, apart: 1000, maximum: 3 };

t.test("one goes to the origin and the others wait", async (t) => {
  const flights = new Flights(limits);
  t.same([flights.board("a", 0), flights.board("a", 1), flights.board("b", 1)], ["lead", "wait", "lead"]);
  flights.land("a", true, 5);
  t.equal(flights.board("a", 6), "lead");
});

t.test("nobody waits for an answer that could not be shared the last time", async (t) => {
  const flights = new Flights(limits);
  flights.board("a", 0);
  flights.land("a", false, 5);
  t.same(
    [flights.board("a", 6), flights.board("a", 1004), flights.board("a", 1005)],
    ["alone", "alone", "lead"],
  );
});

t.test("after a while the next one leads, in case the first has come to nothing", async (t) => {
  const flights = new Flights(limits);
  flights.board("a", 0);
  t.same(
    [flights.board("a", 99), flights.board("a", 100), flights.board("a", 101)],
    ["wait", "lead", "wait"],
  );
});

t.test("the number of keys is bounded, whatever clients ask for", async (t) => {
  const flights = new Flights(limits);
  const boardings = ["a", "b", "c", "d"].map((key) => flights.board(key, 0));
  t.same(boardings, ["lead", "lead", "lead", "alone"]);
  for (const key of ["a", "b", "c"]) flights.land(key, false, 1);
  flights.board("d", 2);
  flights.land("d", false, 2);
  t.equal(flights.board("a", 3), "lead", "the first one was forgotten");
  t.equal(flights.board("d", 3), "alone");
});
