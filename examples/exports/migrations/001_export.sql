-- +goose Up
CREATE TABLE export (
    id   BIGINT PRIMARY KEY, -- that of the job
    file TEXT NOT NULL
);

-- +goose Down
DROP TABLE export;
